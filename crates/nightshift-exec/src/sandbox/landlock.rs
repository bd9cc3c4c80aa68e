//! Files and TCP by Landlock, for machines without bubblewrap.

use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};

use crate::init::Confine;

/// The newest version whose rights we ask for; older kernels give what they have.
const ABI_WANTED: ABI = ABI::V6;

/// Whether this kernel has Landlock at all; changes nothing.
pub(crate) fn supported() -> Result<(), String> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .map(drop)
        .map_err(|_| "the kernel has no Landlock".to_owned())
}

/// Opens what may be reached; nothing is in force before [`enter`].
pub(crate) fn rules(confine: &Confine) -> io::Result<RulesetCreated> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .map_err(io::Error::other)?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI_WANTED))
        .map_err(io::Error::other)?
        .scope(Scope::from_all(ABI_WANTED))
        .map_err(io::Error::other)?;
    if !confine.network {
        ruleset = ruleset
            .handle_access(AccessNet::from_all(ABI_WANTED))
            .map_err(io::Error::other)?;
    }
    ruleset
        .create()
        .map_err(io::Error::other)?
        .add_rules(path_beneath_rules(
            &confine.read,
            AccessFs::from_read(ABI_WANTED),
        ))
        .map_err(io::Error::other)?
        .add_rules(path_beneath_rules(
            &confine.write,
            AccessFs::from_all(ABI_WANTED),
        ))
        .map_err(io::Error::other)
}

/// From here on this process and its children are confined for ever.
pub(crate) fn enter(rules: RulesetCreated) -> io::Result<()> {
    let status = rules.restrict_self().map_err(io::Error::other)?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Err(io::Error::other("Landlock is not in force"));
    }
    Ok(())
}
