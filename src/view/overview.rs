//! The whole run in one strip, for the window that shows a part of it: how busy the workers were, and the worst wait at
//! each pixel, which is never averaged away.

use super::board::Board;
use super::shares::sign;
use super::why::harmful;
use crate::time::Time;

/// Most pixels of a strip.
const MOST: usize = 4_096;

/// For each pixel of the whole run two numbers from 0 to 1: the share of the workers' time spent in polls, and the
/// longest wait that touches the pixel as a share of the run's longest; only waits that the lesson counts, and only where
/// the longest of them is worth red.
#[must_use]
pub fn overview(board: &Board, width: usize) -> Vec<f32> {
    let width = width.clamp(1, MOST);
    let end = board.line.end.0.max(1);
    let edge = |pixel: usize| Time((u128::from(end) * pixel as u128 / width as u128) as u64);
    let mut out = vec![0.0; 2 * width];
    let workers = board.line.workers.len().max(1) as f64;
    for lane in &board.line.workers {
        let before =
            |t: Time| -> u64 { lane.shares.before(&board.line, &lane.track, t)[..=sign::CUT_OFF].iter().sum() };
        let mut last = 0;
        for pixel in 0..width {
            let length = edge(pixel + 1).since(edge(pixel)).0.max(1) as f64;
            let now = before(edge(pixel + 1));
            out[2 * pixel] += ((now - last) as f64 / length / workers) as f32;
            last = now;
        }
    }
    let longest = board.focus_waits().max_by_key(|wait| wait.length());
    if let Some(longest) = longest.filter(|wait| harmful(board, wait)) {
        let most = longest.length().0.max(1) as f64;
        let at = |t: Time| ((u128::from(t.0.min(end)) * width as u128 / u128::from(end)) as usize).min(width - 1);
        for wait in board.focus_waits().filter(|wait| harmful(board, wait)) {
            let share = (wait.length().0 as f64 / most) as f32;
            for pixel in at(wait.due)..=at(wait.until) {
                let red = &mut out[2 * pixel + 1];
                *red = red.max(share);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;
    use crate::words::Lang;

    #[test]
    fn the_strip_has_the_blocked_time_and_the_wait_at_their_place() {
        let board = sample::board(Lang::En);
        let strip = overview(&board, 500);
        let at = |ms: usize| (strip[2 * ms], strip[2 * ms + 1]);
        assert_eq!(at(200), (1.0, 1.0), "both workers are held, the ticker waits");
        assert!(at(20).0 < 0.01 && at(20).1 == 0.0, "{:?}", at(20));
        assert_eq!(strip.iter().skip(1).step_by(2).filter(|&&red| red > 0.0).count(), 397, "54.2 to 450.1 ms");
        // A wait of a fraction of a pixel is there all the same.
        assert!(overview(&board, 1)[1] > 0.0);
    }
}
