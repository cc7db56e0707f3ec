//! The daemon as its users see it: the real program over a data folder.

mod beside;
mod hostile;
mod inbox;
mod life;
mod names;
mod repeats;
mod stress;
mod units;
