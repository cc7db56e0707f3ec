//! Ways in for the fuzzer (`fuzz/`): one layout of a report at a time. No
//! other build has them.

use super::layout::ReportLayout;
use crate::kpi::Library;

/// Reads the layout of a report, and says of each indicator whether it has a
/// target in that year, B.E.
pub fn layout(
    text: &str,
    library: &Library,
    year: i32,
) -> Result<(ReportLayout, Vec<bool>), String> {
    let layout = ReportLayout::read("fuzz", text, library)?;
    let targets = layout.indicators.row.iter().map(|row| row.target_of(year).is_some()).collect();
    Ok((layout, targets))
}
