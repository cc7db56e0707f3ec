//! Proves a rulebook complete and consistent.
