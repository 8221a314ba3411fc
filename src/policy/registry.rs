//! The one list of policies that command, page and docs read. A policy written outside the crate joins it with
//! [`Registry::with`] and then runs in both worlds as the built-in ones do.

use super::spec::{Args, Spec};
use super::{Entry, Policy, Ticket};
use crate::sync::Arc;

/// A policy that can be built for any kind of entry: for the simulator's and for that of real threads.
pub trait Design: 'static {
    /// What it says about itself.
    fn spec() -> Spec;
    /// Builds it. The parameters were validated against [`Design::spec`].
    fn build<E: Entry>(args: &Args<'_>) -> Box<dyn Policy<E>>;
}

/// A policy in the list.
pub struct Registered {
    /// What it says about itself.
    pub spec: Spec,
    simulated: fn(&Args<'_>) -> Box<dyn Policy<Ticket>>,
    #[cfg(not(target_arch = "wasm32"))]
    threaded: fn(&Args<'_>) -> Box<dyn Policy<crate::runtime::Runnable>>,
}

impl Registered {
    fn of<D: Design>() -> Registered {
        Registered {
            spec: D::spec(),
            simulated: D::build::<Ticket>,
            #[cfg(not(target_arch = "wasm32"))]
            threaded: D::build::<crate::runtime::Runnable>,
        }
    }

    /// The policy over the simulator's entries.
    #[must_use]
    pub fn simulated(&self, args: &Args<'_>) -> Box<dyn Policy<Ticket>> {
        (self.simulated)(args)
    }

    /// The policy over runnable tasks.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn threaded(&self, args: &Args<'_>) -> Box<dyn Policy<crate::runtime::Runnable>> {
        (self.threaded)(args)
    }
}

/// All policies that a program knows, in the order in which people see them.
#[derive(Clone)]
pub struct Registry(Arc<Vec<Registered>>);

impl Registry {
    /// The built-in policies.
    #[must_use]
    pub fn standard() -> Registry {
        Registry(Arc::new(vec![
            Registered::of::<super::tokio::Tokio>(),
            Registered::of::<super::tokio_current_thread::CurrentThread>(),
            Registered::of::<super::tokio_0_1::Tokio01>(),
            Registered::of::<super::smol::Smol>(),
            Registered::of::<super::block_on::BlockOn>(),
            Registered::of::<super::global_queue::GlobalQueue>(),
            Registered::of::<super::sharded::Sharded>(),
            Registered::of::<super::work_stealing::WorkStealing>(),
            Registered::of::<super::thread_per_core::ThreadPerCore>(),
            Registered::of::<super::thread_per_task::ThreadPerTask>(),
            Registered::of::<super::event_loop::EventLoop>(),
            Registered::of::<super::go::Go>(),
            Registered::of::<super::async_std::AsyncStd>(),
            Registered::of::<super::async_std::AsyncStdMonitor>(),
            Registered::of::<super::dandori::Dandori>(),
        ]))
    }

    /// The same with one more.
    ///
    /// # Panics
    /// If a policy of that name is there already, or if this registry was cloned before.
    #[must_use]
    pub fn with<D: Design>(mut self) -> Registry {
        let name = D::spec().name;
        assert!(self.get(name).is_none(), "there are two policies called {name}");
        Arc::get_mut(&mut self.0).expect("a registry grows before it is shared").push(Registered::of::<D>());
        self
    }

    /// The policy of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Registered> {
        self.0.iter().find(|policy| policy.spec.name == name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.0.iter()
    }
}

impl Default for Registry {
    fn default() -> Registry {
        Registry::standard()
    }
}
