//! Every sentence that the page says.

pub mod number;
