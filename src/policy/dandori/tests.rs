//! Rules that one hook or one worker shows.
