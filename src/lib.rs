//! Dandori.
