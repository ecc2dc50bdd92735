//! What a probe costs: the Hessian of the objects that are there before, once.
#![cfg(target_os = "linux")]

use hessia::{Activation, Dataset, Loss, Network, Targets};
use hessia_paper::theory::{Increment, ProbeSettings, probe};
use ndarray::{Array1, Array2};

/// Processor time of this process so far, in seconds.
fn seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is this function's own.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) }, 0);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

fn cost(mut work: impl FnMut()) -> f64 {
    // The least of several: other work on the machine only adds.
    (0..5)
        .map(|_| {
            let start = seconds();
            work();
            seconds() - start
        })
        .fold(f64::INFINITY, f64::min)
}

#[test]
fn the_hessian_of_the_earlier_objects_is_computed_once() {
    // Many objects and few parameters: their Hessian is nearly all of the work.
    let objects = 6_000;
    let net = Network::random(&[20, 8, 3], false, Activation::Tanh, 1).unwrap();
    let x = Array2::from_shape_fn((objects, 20), |(i, j)| ((7 * i + 3 * j) as f64).sin());
    let data = Dataset::new("waves", x, Targets::Classes(Array1::from_shape_fn(objects, |i| i % 3))).unwrap();
    let loss = Loss::cross_entropy();
    hessia::set_threads(1);
    let k = objects - 1;
    let settings = ProbeSettings { objects: vec![k], radii: Vec::new(), random: 0, top: 0, seed: 1 };
    let increment = cost(|| drop(Increment::new(&net, &data, loss, k).unwrap()));
    let hessian = cost(|| drop(hessia::hessian(&net, &data.head(k), loss).unwrap()));
    let probes = cost(|| drop(probe(&net, &data, loss, &settings).unwrap()));
    assert!(
        probes < increment + 0.5 * hessian,
        "a probe of {probes} s is an increment of {increment} s and another Hessian of {hessian} s"
    );
}
