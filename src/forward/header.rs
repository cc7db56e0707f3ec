//! Which files of a submission were sent on with a header, for who counts
//! lines in what was sent.

use std::collections::BTreeSet;
use std::path::Path;

use super::original::Originals;
use crate::archive::Standard;
use crate::environment::Environment;
use crate::store::ForwardCandidate;

/// The files of a submission whose members have a header, as its original has
/// them; what is wrong with the original when it cannot be read.
///
/// # Errors
/// What is wrong with the original: it is gone, changed, or no archive of its standard.
pub fn files_with_header(
    environment: &Environment,
    data: &Path,
    of: &ForwardCandidate,
) -> Result<BTreeSet<String>, String> {
    let standard: Standard = of.standard.parse().map_err(|error| format!("{error}"))?;
    Originals::new(environment, data, standard, &[of]).with_header(of.id)
}
