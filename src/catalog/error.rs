//! A mistake in a schema file, with its place.

/// A mistake in a schema file.
#[derive(Debug, thiserror::Error)]
#[error("schema/{file}:{line}: {what}")]
pub struct CatalogError {
    /// The file below `schema/`.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// A mistake at a line of a file.
pub(super) fn error(file: &str, line: usize, what: String) -> CatalogError {
    CatalogError { file: file.to_owned(), line, what }
}
