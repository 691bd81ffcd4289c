//! An answer that goes on: its body is made step by step, each when the client has taken the one before.

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What makes a body: a chunk at a time, until there is none.
pub trait Source: Sized + 'static {
    /// The next chunk, and whoever makes the one after it; none at the end.
    fn next(self) -> impl Future<Output = Option<(Bytes, Self)>> + 'static;
}

/// A body that goes on as long as its source does. When the client is gone it is dropped, and the source with it.
pub struct Stream<S> {
    step: Option<Pin<Box<dyn Future<Output = Option<(Bytes, S)>>>>>,
}

impl<S: Source> Stream<S> {
    /// The body that this source makes.
    pub fn of(source: S) -> Self {
        Self { step: Some(Box::pin(source.next())) }
    }
}

impl<S: Source> MessageBody for Stream<S> {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let Some(step) = &mut self.step else { return Poll::Ready(None) };
        let next = std::task::ready!(step.as_mut().poll(context));
        let (chunk, source) = match next {
            Some((chunk, source)) => (Some(chunk), Some(source)),
            None => (None, None),
        };
        self.step = source.map(|source| Box::pin(source.next()) as _);
        Poll::Ready(chunk.map(Ok))
    }
}
