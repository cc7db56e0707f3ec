//! What can go wrong when a document is written.

/// Trouble with writing a document; never a matter of its values.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A page could not be made.
    #[error("HTML: {0}")]
    Html(#[from] minijinja::Error),
    /// A workbook could not be made.
    #[error("XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// Another format could not be made.
    #[error(transparent)]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
}
