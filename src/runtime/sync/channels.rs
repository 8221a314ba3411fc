//! Channels.

/// A channel for one value.
pub mod oneshot {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use tokio::sync::oneshot;

    use crate::runtime::coop;

    pub use oneshot::error::{RecvError, TryRecvError};

    /// A sender and a receiver for one value.
    ///
    /// ```
    /// # dandori::runtime::Runtime::new().unwrap().block_on(async {
    /// let (sender, receiver) = dandori::sync::oneshot::channel();
    /// dandori::task::spawn(async move { sender.send("done") }).await.unwrap().unwrap();
    /// assert_eq!(receiver.await.unwrap(), "done");
    /// # });
    /// ```
    #[must_use]
    pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        (Sender(sender), Receiver(receiver))
    }

    /// Sends the value, or says by its drop that none comes.
    #[derive(Debug)]
    pub struct Sender<T>(oneshot::Sender<T>);

    impl<T> Sender<T> {
        /// Sends the value; never waits.
        ///
        /// # Errors
        /// The value, if the receiver is gone.
        pub fn send(self, value: T) -> Result<(), T> {
            self.0.send(value)
        }

        /// Whether the receiver is gone.
        #[must_use]
        pub fn is_closed(&self) -> bool {
            self.0.is_closed()
        }

        /// Waits until the receiver is gone.
        pub async fn closed(&mut self) {
            super::super::budgeted(self.0.closed()).await;
        }
    }

    /// Awaiting it gives the value, or an error if the sender is gone without one.
    #[derive(Debug)]
    pub struct Receiver<T>(oneshot::Receiver<T>);

    impl<T> Receiver<T> {
        /// The value, if it is there.
        ///
        /// # Errors
        /// If there is none, or none will come.
        pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
            self.0.try_recv()
        }

        /// No value may be sent any more; one that was sent is kept.
        pub fn close(&mut self) {
            self.0.close();
        }
    }

    impl<T> Future for Receiver<T> {
        type Output = Result<T, RecvError>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            ready!(coop::poll_budget(cx));
            let received = ready!(Pin::new(&mut self.0).poll(cx));
            coop::spend();
            Poll::Ready(received)
        }
    }
}

/// Channels from many senders to one receiver.
pub mod mpsc {
    use std::task::{Context, Poll, ready};

    use tokio::sync::mpsc;

    use super::super::budgeted;
    use crate::runtime::coop;

    pub use mpsc::error::{SendError, TryRecvError, TrySendError};

    /// A channel with room for so many messages; senders wait for room.
    ///
    /// ```
    /// # dandori::runtime::Runtime::new().unwrap().block_on(async {
    /// let (sender, mut receiver) = dandori::sync::mpsc::channel(8);
    /// dandori::task::spawn(async move {
    ///     for number in 0..100 {
    ///         sender.send(number).await.unwrap();
    ///     }
    /// });
    /// let mut sum = 0;
    /// while let Some(number) = receiver.recv().await {
    ///     sum += number;
    /// }
    /// assert_eq!(sum, 4950);
    /// # });
    /// ```
    ///
    /// # Panics
    /// If the room is zero.
    #[must_use]
    pub fn channel<T>(room: usize) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = mpsc::channel(room);
        (Sender(sender), Receiver(receiver))
    }

    /// A channel without a limit: a receiver that is slower than its senders fills the memory.
    #[must_use]
    pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (UnboundedSender(sender), UnboundedReceiver(receiver))
    }

    /// Sends into a channel with a limit. Clones send into the same.
    #[derive(Debug)]
    pub struct Sender<T>(mpsc::Sender<T>);

    impl<T> Clone for Sender<T> {
        fn clone(&self) -> Sender<T> {
            Sender(self.0.clone())
        }
    }

    impl<T> Sender<T> {
        /// Waits for room and sends. Dropped before it is complete, nothing was sent.
        ///
        /// # Errors
        /// The message, if the receiver is gone.
        pub async fn send(&self, message: T) -> Result<(), SendError<T>> {
            budgeted(self.0.send(message)).await
        }

        /// Sends if there is room.
        ///
        /// # Errors
        /// The message, if there is none or the receiver is gone.
        pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
            self.0.try_send(message)
        }

        /// Messages that there is room for now.
        #[must_use]
        pub fn capacity(&self) -> usize {
            self.0.capacity()
        }

        /// Whether the receiver is gone.
        #[must_use]
        pub fn is_closed(&self) -> bool {
            self.0.is_closed()
        }

        /// Waits until the receiver is gone.
        pub async fn closed(&self) {
            budgeted(self.0.closed()).await;
        }
    }

    /// Sends into a channel without a limit. Clones send into the same.
    #[derive(Debug)]
    pub struct UnboundedSender<T>(mpsc::UnboundedSender<T>);

    impl<T> Clone for UnboundedSender<T> {
        fn clone(&self) -> UnboundedSender<T> {
            UnboundedSender(self.0.clone())
        }
    }

    impl<T> UnboundedSender<T> {
        /// Sends; never waits.
        ///
        /// # Errors
        /// The message, if the receiver is gone.
        pub fn send(&self, message: T) -> Result<(), SendError<T>> {
            self.0.send(message)
        }

        /// Whether the receiver is gone.
        #[must_use]
        pub fn is_closed(&self) -> bool {
            self.0.is_closed()
        }
    }

    macro_rules! receiver {
        ($name:ident, $what:literal) => {
            #[doc = $what]
            #[derive(Debug)]
            pub struct $name<T>(mpsc::$name<T>);

            impl<T> $name<T> {
                /// The next message; `None`: all senders are gone and nothing is left. Nothing is lost if it is dropped.
                pub async fn recv(&mut self) -> Option<T> {
                    std::future::poll_fn(|cx| self.poll_recv(cx)).await
                }

                /// As `recv`, for futures that are written by hand.
                pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
                    ready!(coop::poll_budget(cx));
                    let received = ready!(self.0.poll_recv(cx));
                    coop::spend();
                    Poll::Ready(received)
                }

                /// The next message, if it is there.
                ///
                /// # Errors
                /// If there is none, or none will come.
                pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                    self.0.try_recv()
                }

                /// Nothing may be sent any more; what was sent can still be received.
                pub fn close(&mut self) {
                    self.0.close();
                }

                /// Messages that wait.
                #[must_use]
                pub fn len(&self) -> usize {
                    self.0.len()
                }

                /// Whether no message waits.
                #[must_use]
                pub fn is_empty(&self) -> bool {
                    self.0.is_empty()
                }
            }
        };
    }

    receiver!(Receiver, "Receives from a channel with a limit.");
    receiver!(UnboundedReceiver, "Receives from a channel without a limit.");
}

/// A channel on which every receiver gets every message.
pub mod broadcast {
    use tokio::sync::broadcast;

    use super::super::budgeted;

    pub use broadcast::error::{RecvError, SendError, TryRecvError};

    /// A channel that keeps so many messages for the slowest receiver; one that falls behind more is told how many it
    /// missed.
    ///
    /// ```
    /// # dandori::runtime::Runtime::new().unwrap().block_on(async {
    /// let (sender, mut one) = dandori::sync::broadcast::channel(4);
    /// let mut two = sender.subscribe();
    /// sender.send(7).unwrap();
    /// assert_eq!((one.recv().await, two.recv().await), (Ok(7), Ok(7)));
    /// # });
    /// ```
    ///
    /// # Panics
    /// If it is to keep none.
    #[must_use]
    pub fn channel<T: Clone>(keeps: usize) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = broadcast::channel(keeps);
        (Sender(sender), Receiver(receiver))
    }

    /// Sends to all receivers. Clones send into the same channel.
    #[derive(Clone, Debug)]
    pub struct Sender<T>(broadcast::Sender<T>);

    impl<T: Clone> Sender<T> {
        /// Sends; never waits. How many receivers there are.
        ///
        /// # Errors
        /// The message, if there are none.
        pub fn send(&self, message: T) -> Result<usize, SendError<T>> {
            self.0.send(message)
        }

        /// A receiver of all messages from now on.
        #[must_use]
        pub fn subscribe(&self) -> Receiver<T> {
            Receiver(self.0.subscribe())
        }

        /// How many receivers there are.
        #[must_use]
        pub fn receiver_count(&self) -> usize {
            self.0.receiver_count()
        }
    }

    /// Receives a copy of every message.
    #[derive(Debug)]
    pub struct Receiver<T>(broadcast::Receiver<T>);

    impl<T: Clone> Receiver<T> {
        /// The next message. Nothing is lost if it is dropped.
        ///
        /// # Errors
        /// If messages were missed (how many), or all senders are gone and nothing is left.
        pub async fn recv(&mut self) -> Result<T, RecvError> {
            budgeted(self.0.recv()).await
        }

        /// The next message, if it is there.
        ///
        /// # Errors
        /// If there is none, messages were missed, or none will come.
        pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
            self.0.try_recv()
        }
    }
}

/// A value that is watched: receivers see the newest one.
pub mod watch {
    use tokio::sync::watch;

    use super::super::budgeted;

    pub use watch::Ref;
    pub use watch::error::{RecvError, SendError};

    /// A value and a receiver that has seen it.
    ///
    /// ```
    /// # dandori::runtime::Runtime::new().unwrap().block_on(async {
    /// let (sender, mut receiver) = dandori::sync::watch::channel(1);
    /// sender.send(2).unwrap();
    /// receiver.changed().await.unwrap();
    /// assert_eq!(*receiver.borrow_and_update(), 2);
    /// # });
    /// ```
    #[must_use]
    pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = watch::channel(value);
        (Sender(sender), Receiver(receiver))
    }

    /// Changes the value.
    #[derive(Debug)]
    pub struct Sender<T>(watch::Sender<T>);

    impl<T> Sender<T> {
        /// Changes the value and tells all receivers; never waits.
        ///
        /// # Errors
        /// The value, if there are no receivers.
        pub fn send(&self, value: T) -> Result<(), SendError<T>> {
            self.0.send(value)
        }

        /// Changes the value in its place and tells all receivers.
        pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
            self.0.send_modify(modify);
        }

        /// A receiver that has seen the value of now.
        #[must_use]
        pub fn subscribe(&self) -> Receiver<T> {
            Receiver(self.0.subscribe())
        }

        /// The value. A lock is held as long as it is borrowed.
        pub fn borrow(&self) -> Ref<'_, T> {
            self.0.borrow()
        }
    }

    /// Sees the value. Clones see it each for itself.
    #[derive(Clone, Debug)]
    pub struct Receiver<T>(watch::Receiver<T>);

    impl<T> Receiver<T> {
        /// Waits for a value that was not seen yet.
        ///
        /// # Errors
        /// If the sender is gone.
        pub async fn changed(&mut self) -> Result<(), RecvError> {
            budgeted(self.0.changed()).await
        }

        /// The value. A lock is held as long as it is borrowed.
        pub fn borrow(&self) -> Ref<'_, T> {
            self.0.borrow()
        }

        /// The value, which is then seen.
        pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
            self.0.borrow_and_update()
        }
    }
}
