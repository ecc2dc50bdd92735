//! Calls from the caller's own threads and pools, in every order: none waits for ever.

use std::sync::mpsc::channel;
use std::time::Duration;

use hessia::*;
use ndarray::{Array1, Array2};
use rayon::prelude::*;

/// What `work` returns, or a failure where nothing has come in ten minutes: its work is a matter of seconds.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = channel();
    std::thread::spawn(move || send.send(work()));
    receive.recv_timeout(Duration::from_secs(600)).expect("ends: every call waits only for what must end")
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn network() -> Network {
    Network::random(&[20, 16, 16, 5], true, Activation::Tanh, 1).unwrap()
}

fn sets(count: usize) -> Vec<Dataset> {
    let set = |k: usize| {
        let x = Array2::from_shape_fn((200, 20), |(i, j)| ((k + 3 * i + 7 * j + i * j) as f64).sin());
        Dataset::new("set", x, Targets::Classes((0..200).map(|i| (i + k) % 5).collect())).unwrap()
    };
    (0..count).map(set).collect()
}

fn spectrum(net: &Network, data: &Dataset) -> Array1<f64> {
    eigvalsh(&hessian(net, data, Loss::cross_entropy()).unwrap()).unwrap().eigenvalues
}

#[test]
fn spectra_of_many_sets_in_the_callers_pool() {
    let alone = in_time(|| spectrum(&network(), &sets(1)[0]));
    let all = in_time(|| {
        let (net, sets) = (network(), sets(64));
        pool(4).install(|| sets.par_iter().map(|data| spectrum(&net, data)).collect::<Vec<_>>())
    });
    assert_eq!(all.len(), 64);
    // The matrix is the same to the last bit; the eigenvalues up to the order of sums in LAPACK.
    let norm = alone[alone.len() - 1].abs();
    assert!(alone.iter().zip(&all[0]).all(|(a, b)| (a - b).abs() < 1e-12 * norm));
}

#[test]
fn the_matrix_has_the_same_bits_in_the_callers_pool() {
    let data = sets(1).remove(0);
    let alone = hessian(&network(), &data, Loss::cross_entropy()).unwrap();
    for threads in [1, 3] {
        let data = data.clone();
        let pooled = in_time(move || {
            pool(threads).install(|| hessian(&network(), &data, Loss::cross_entropy()).unwrap())
        });
        assert_eq!(alone, pooled);
    }
}

#[test]
fn jobs_that_wait_for_pools_and_threads_of_their_own() {
    let found = in_time(|| {
        let net = network();
        let pool = pool(2);
        side_by_side(sets(4), |data| {
            let in_pool = pool.install(|| spectrum(&net, &data));
            let in_thread = std::thread::scope(|s| s.spawn(|| spectrum(&net, &data)).join().unwrap());
            (in_pool, in_thread)
        })
    });
    assert_eq!(found.len(), 4);
}

#[test]
fn more_threads_than_any_system_gives() {
    in_time(|| {
        set_threads(65_535);
        let found = spectrum(&network(), &sets(1)[0]);
        set_threads(0);
        assert_eq!(found.len(), network().parameter_count());
    });
}
