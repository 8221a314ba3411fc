//! What the page shows: folds of a stream into rows, pictures and sentences. Nothing here knows which world wrote the
//! stream, and nothing here draws: positions, styles and words go out as data.

pub mod axis;
mod bars;
pub mod board;
pub mod caption;
pub mod explain;
pub mod export;
pub mod findings;
mod fold;
pub mod help;
pub mod hit;
pub mod info;
mod lanes;
pub mod layout;
pub mod moment;
pub mod mutexes;
pub mod overview;
pub mod panels;
pub mod perfetto;
#[cfg(test)]
mod sample;
pub mod scene;
pub mod session;
mod shares;
mod stage;
pub mod svg;
mod svg_shapes;
mod svg_text;
pub mod text;
pub mod timeline;
pub mod track;
pub mod transcript;
pub mod why;
