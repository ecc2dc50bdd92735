//! Curvature of 784-4x6-10 (P = 3,256) over 1,000 objects, and the eigenvalues of its Hessian.

mod problems;

use criterion::{Criterion, criterion_group, criterion_main};
use hessia::{Activation, Term, curvature, eigvalsh, loss_and_gradient};
use problems::{Problem, problem};

fn curvatures(criterion: &mut Criterion) {
    for name in ["784-4x6-10", "784-4x6-10-tanh"] {
        let Problem { net, data, loss, origin } = problem(name).expect("a problem of the table");
        let whole = curvature(&net, &data, loss, Term::Full).expect("a Hessian");
        println!("{net}: {origin}; {:?}", whole.work);
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        for term in [Term::Full, Term::Ggn, Term::HTerm] {
            group.bench_function(term.name(), |bencher| {
                bencher.iter(|| curvature(&net, &data, loss, term).expect("a matrix"));
            });
        }
        group.bench_function("gradient", |bencher| {
            bencher.iter(|| loss_and_gradient(&net, &data, loss).expect("a gradient"));
        });
        group.sample_size(10);
        if net.activation() == Activation::Relu {
            group.bench_function("eigenvalues", |bencher| {
                bencher.iter(|| eigvalsh(&whole.matrix).expect("eigenvalues"));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, curvatures);
criterion_main!(benches);
