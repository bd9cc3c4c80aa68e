use super::*;

fn private() -> Private {
    Private {
        home: PathBuf::from("/home/ana"),
        hidden: vec![PathBuf::from("/srv/nightshift/data")],
    }
}

#[test]
fn a_program_brings_its_directory_but_never_a_home_or_our_data() {
    for (program, needs) in [
        ("/home/ana/.local/bin/agent", "/home/ana/.local/bin"),
        ("/home/ana/agent", "/home/ana/agent"),
        ("/home/bob/agent", "/home/bob/agent"),
        ("/srv/agent", "/srv/agent"),
        ("/srv/nightshift/agent", "/srv/nightshift/agent"),
        ("/srv/nightshift/data/agent", "/srv/nightshift/data/agent"),
        ("/srv/agents/one", "/srv/agents"),
        (
            "/home/ana/.nvm/v20/lib/node_modules/@a/cli/cli.js",
            "/home/ana/.nvm/v20",
        ),
        (
            "/home/ana/node_modules/cli/cli.js",
            "/home/ana/node_modules",
        ),
    ] {
        assert_eq!(
            package(Path::new(program), &private()),
            Path::new(needs),
            "{program}"
        );
    }
}

#[test]
fn the_path_inside_names_only_what_can_be_seen() {
    let environment = BTreeMap::from([(
        "PATH".to_owned(),
        "/home/ana/bin:/usr/bin:relative:/bin".to_owned(),
    )]);
    let program = Program {
        path: PathBuf::from("/usr/bin/true"),
        needs: None,
    };
    let readable = [PathBuf::from("/usr"), PathBuf::from("/bin")];
    assert_eq!(
        path_inside(&environment, &readable, &program),
        "/usr/bin:/bin"
    );
}

#[test]
fn a_missing_program_is_not_found() {
    let environment = BTreeMap::new();
    assert_eq!(program("no-such-agent", &environment, &private()), None);
    assert_eq!(program("/no/such/agent", &environment, &private()), None);
    assert!(program("sh", &environment, &private()).is_some());
}
