//! What the operating system says of a thread of this process: whether it wants a CPU.
//!
//! Linux writes it into a file: `/proc/ID/task/ID/stat`, whose third field is `R` for a thread that runs or waits for a
//! CPU. To read it takes some microseconds, so it is asked only of threads that are stuck. Other systems do not say.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// Enough for number, name (64 bytes at most) and state.
const HEAD: usize = 128;

/// A thread, as the system calls it.
#[derive(Clone, Debug)]
pub(super) struct SystemThread(PathBuf);

impl SystemThread {
    /// The current thread; `None`: the system has no such file.
    pub(super) fn current() -> Option<SystemThread> {
        if !cfg!(target_os = "linux") || cfg!(miri) {
            return None;
        }
        let own = std::fs::read_link("/proc/thread-self").ok()?;
        Some(SystemThread(PathBuf::from("/proc").join(own).join("stat")))
    }

    /// Whether it runs or waits for a CPU; `None`: it has ended.
    pub(super) fn computes(&self) -> Option<bool> {
        let mut head = [0; HEAD];
        let read = File::open(&self.0).ok()?.read(&mut head).ok()?;
        state(&head[..read]).map(|state| state == b'R')
    }
}

/// The state in `4711 (a name) R 1 ...`. A name may have brackets itself, but nothing after it has.
fn state(stat: &[u8]) -> Option<u8> {
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    stat.get(end + 2).copied()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_state_stands_behind_the_name_whatever_that_is() {
        assert_eq!(state(b"4711 (worker-1) R 1 2"), Some(b'R'));
        assert_eq!(state(b"4711 (a) S (b) S 1 2"), Some(b'S'));
        assert_eq!(state(b"4711 (cut"), None);
        assert_eq!(state(b"4711 (cut)"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    #[cfg_attr(miri, ignore = "the interpreter has no /proc")]
    fn a_thread_that_asks_about_itself_computes_and_one_that_waits_does_not() {
        let own = SystemThread::current().expect("Linux has the file");
        assert_eq!(own.computes(), Some(true));
        let (to_us, from_it) = std::sync::mpsc::channel();
        let (to_it, from_us) = std::sync::mpsc::channel::<()>();
        let waits = std::thread::spawn(move || {
            to_us.send(SystemThread::current().expect("Linux has the file")).expect("somebody listens");
            from_us.recv()
        });
        let other = from_it.recv().expect("it says who it is");
        // Until it has gone to sleep.
        while other.computes() != Some(false) {
            std::thread::yield_now();
        }
        drop(to_it);
        assert!(waits.join().expect("it ends").is_err());
        // The system takes it off its list a little later.
        while other.computes().is_some() {
            std::thread::yield_now();
        }
    }
}
