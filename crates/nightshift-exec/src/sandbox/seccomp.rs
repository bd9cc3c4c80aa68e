//! Refuses sockets where Landlock stands in for bubblewrap: Landlock knows only TCP, and the
//! service's own control socket must stay out of reach of an agent with the same user.

use std::collections::BTreeMap;
use std::io;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// On x86-64 the x32 calls are the same calls under another number.
#[cfg(target_arch = "x86_64")]
const NUMBER_SPACES: [i64; 2] = [0, 0x4000_0000];
#[cfg(not(target_arch = "x86_64"))]
const NUMBER_SPACES: [i64; 1] = [0];

/// Whether filters can be made for this machine.
pub(crate) fn supported() -> Result<(), String> {
    filter(false)
        .map(drop)
        .map_err(|error| format!("no system call filter: {error}"))
}

/// With the network: only IPv4, IPv6 and the resolver's netlink; without: no socket at all.
/// Pairs of connected sockets, as programs use between their own processes, stay possible.
pub(crate) fn enter(network: bool) -> io::Result<()> {
    let program = filter(network)?;
    seccompiler::apply_filter(&program).map_err(io::Error::other)
}

fn filter(network: bool) -> io::Result<BpfProgram> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let sockets = if network {
        vec![refuse_all_but_internet()?]
    } else {
        // No condition: always.
        Vec::new()
    };
    let mut rules = BTreeMap::new();
    for space in NUMBER_SPACES {
        rules.insert(libc::SYS_socket | space, sockets.clone());
        // Opens sockets without the call above.
        rules.insert(libc::SYS_io_uring_setup | space, Vec::new());
    }
    let refuse = SeccompAction::Errno(libc::EACCES.cast_unsigned());
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)
        .and_then(BpfProgram::try_from)
        .map_err(io::Error::other)
}

fn refuse_all_but_internet() -> io::Result<SeccompRule> {
    let conditions = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK]
        .into_iter()
        .map(|family| {
            SeccompCondition::new(
                0,
                SeccompCmpArgLen::Dword,
                SeccompCmpOp::Ne,
                u64::from(family.cast_unsigned()),
            )
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(io::Error::other)?;
    SeccompRule::new(conditions).map_err(io::Error::other)
}
