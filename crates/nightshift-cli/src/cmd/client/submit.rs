//! `nightshift submit`.

use std::io::Read;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::api::Api;
use super::{LOOK, is_over, path, show};
use crate::args::SubmitArgs;
use crate::cmd::Context;

pub(super) async fn run(
    context: &Context,
    api: &Api,
    args: &SubmitArgs,
) -> anyhow::Result<ExitCode> {
    let submitted = api.post("/api/submit", &body(args)?).await?;
    let id = submitted["task_id"].as_str().unwrap_or_default().to_owned();
    if !args.wait {
        let task = api.get(&path(&id, "")?, &[]).await?;
        return show::print(context, &task, show::status);
    }
    loop {
        let task = api.get(&path(&id, "")?, &[]).await?;
        if is_over(&task) {
            show::print(context, &task, show::results)?;
            let well = task["status"] == "completed";
            return Ok(if well {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn body(args: &SubmitArgs) -> anyhow::Result<Value> {
    let mut description = args.description.join(" ");
    if description == "-" {
        description.clear();
        std::io::stdin().read_to_string(&mut description)?;
    }
    let mut body = json!({
        "description": description,
        "agent": args.agent,
        "model": args.model,
        "project": args.project,
        "executor": args.executor,
        "dir": args.dir,
        "timeout": args.timeout,
        "max_cost": args.max_cost,
    });
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
        if args.auto_approve {
            fields.insert("auto_approve".into(), true.into());
        }
    }
    Ok(body)
}
