//! Text that people read: the language, a text in both languages, and the texts
//! of the program by key.

mod bilingual;
mod catalogue;

pub use bilingual::{Bilingual, Lang};
pub use catalogue::{message, message_with, text};
