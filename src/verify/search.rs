//! The alternatives, computed one after the other: single faults first, pairs where none of them explains.

use super::candidate::Candidate;
use super::differences::differences;
use super::fault::Fault;
use super::judge::{Judge, NamedFactor};
use super::objects::object_weights;
use super::order::ParameterOrder;
use super::reference::{Held, Places, Setting, Source, hold, view};
use super::shapes::{self, Structure};
use super::stochastic::estimates;
use super::variations::{variations, with_biases, without_biases};
use crate::{LossKind, Network, Reduction, Result, Term};

/// Operations that the search for pairs of faults may take.
const WORK: f64 = 2e10;

/// Looks for what explains the candidate. `ours` is the source that was asked for, already computed.
pub(super) fn search(
    candidate: &Candidate,
    setting: &Setting,
    term: Term,
    ours: Held,
    judge: &mut Judge,
) -> Result<()> {
    let orders = orders(candidate, &setting.net);
    let mut held = vec![(Source::Term(term), ours)];
    judge.consider(&[], &view(candidate, &held[0].1, None)?);
    for source in other_sources(term) {
        let other = hold(candidate, setting, source)?;
        judge.consider(&[named(source)], &view(candidate, &other, None)?);
        held.push((source, other));
    }
    for (order, places) in &orders {
        judge.consider(&[Fault::Order(*order)], &view(candidate, &held[0].1, Some(places))?);
    }
    let structures = shapes::structures(candidate, setting);
    let base = view(candidate, &held[0].1, None)?;
    if matches!(candidate, Candidate::Eigenvalues(_)) {
        // Negated eigenvalues ascend the other way round.
        let negated: Vec<f64> = base.iter().rev().map(|v| -v).collect();
        judge.consider(&[Fault::Sign], &negated);
    }
    structures.iter().for_each(|structure| {
        judge.consider(std::slice::from_ref(&structure.fault), &structure.apply(&base))
    });
    other_blocks(candidate, setting, term, judge)?;
    sorted(candidate, &base, judge);
    if judge.exact() {
        return Ok(());
    }
    let variations = variations(setting)?;
    for (fault, other, factor) in &variations {
        judge.consider(
            std::slice::from_ref(fault),
            &scaled(view(candidate, &hold(candidate, other, held[0].0)?, None)?, *factor),
        );
    }
    if let Candidate::Eigenvalues(values) = candidate
        && values.len() < setting.net.parameter_count()
    {
        subsets(candidate, setting, &held, values.len(), judge)?;
    }
    if judge.explained() {
        return Ok(());
    }
    if term == Term::Full {
        differences(candidate, setting, &base, judge)?;
    }
    object_weights(candidate, setting, held[0].0, judge)?;
    if judge.explained() {
        return Ok(());
    }
    for (faults, mean) in estimates(candidate, setting, judge.values(), term, &held)? {
        judge.add_statistical(faults, &mean);
    }
    pairs(candidate, setting, &held, &orders, &structures, &variations, judge)
}

/// Two faults together; a factor comes with every one of them anyway.
fn pairs(
    candidate: &Candidate,
    setting: &Setting,
    held: &[(Source, Held)],
    orders: &[(ParameterOrder, Places)],
    structures: &[Structure],
    variations: &[(Fault, Setting, f64)],
    judge: &mut Judge,
) -> Result<()> {
    let size = judge.values().len() as f64;
    let order = setting.net.parameter_count() as f64;
    let matrix = setting.data.len() as f64 * order * order.min(size);
    let mut work = 0.0;
    for (source, other) in held {
        let own = if *source == held[0].0 { Vec::new() } else { vec![named(*source)] };
        for (order, places) in orders {
            let values = view(candidate, other, Some(places))?;
            work += 4.0 * size;
            if !own.is_empty() {
                judge.consider(&[own.clone(), vec![Fault::Order(*order)]].concat(), &values);
            }
            for structure in structures {
                let faults = [own.clone(), vec![Fault::Order(*order), structure.fault.clone()]].concat();
                judge.consider(&faults, &structure.apply(&values));
                work += 4.0 * size;
            }
            if work > WORK || judge.explained() {
                return Ok(());
            }
        }
        let plain = view(candidate, other, None)?;
        for structure in structures.iter().filter(|_| !own.is_empty()) {
            judge.consider(&[own.clone(), vec![structure.fault.clone()]].concat(), &structure.apply(&plain));
        }
    }
    if judge.explained() {
        return Ok(());
    }
    for (fault, other, factor) in variations {
        for (source, _) in held {
            work += matrix;
            if work > WORK || judge.explained() {
                return Ok(());
            }
            let computed = hold(candidate, other, *source)?;
            if *source != held[0].0 {
                let values = scaled(view(candidate, &computed, None)?, *factor);
                judge.consider(&[named(*source), fault.clone()], &values);
                continue;
            }
            for (order, places) in orders {
                work += 4.0 * size;
                let values = scaled(view(candidate, &computed, Some(places))?, *factor);
                judge.consider(&[fault.clone(), Fault::Order(*order)], &values);
            }
        }
    }
    Ok(())
}

/// Looks for what explains a candidate of another size than ours.
pub(super) fn search_sizes(
    candidate: &Candidate,
    setting: &Setting,
    term: Term,
    ours: Held,
    judge: &mut Judge,
) -> Result<()> {
    let size = candidate.shape().first().copied().unwrap_or(0);
    if let Candidate::Block { .. } = candidate {
        let base = view(candidate, &ours, None)?;
        for structure in shapes::structures(candidate, setting) {
            judge.consider(std::slice::from_ref(&structure.fault), &structure.apply(&base));
        }
        return other_blocks(candidate, setting, term, judge);
    }
    let mut held = vec![(Source::Term(term), ours)];
    for source in other_sources(term) {
        held.push((source, hold(candidate, setting, source)?));
    }
    subsets(candidate, setting, &held, size, judge)?;
    let mut nets: Vec<(Fault, Network)> = Vec::new();
    for (names, net) in without_biases(&setting.net)? {
        nets.push((Fault::WithoutBiases(names), net));
    }
    nets.push((Fault::MoreBiases, with_biases(&setting.net)?));
    for (fault, net) in nets.into_iter().filter(|(_, net)| net.parameter_count() == size) {
        let other = Setting { net, ..setting.clone() };
        let orders = orders(candidate, &other.net);
        for (source, _) in &held {
            let computed = hold(candidate, &other, *source)?;
            let own = if *source == held[0].0 { Vec::new() } else { vec![named(*source)] };
            judge.consider(&[vec![fault.clone()], own.clone()].concat(), &view(candidate, &computed, None)?);
            for (order, places) in &orders {
                let faults = [vec![fault.clone()], own.clone(), vec![Fault::Order(*order)]].concat();
                judge.consider(&faults, &view(candidate, &computed, Some(places))?);
            }
        }
    }
    Ok(())
}

/// Arrays left out, so that `size` parameters remain.
fn subsets(
    candidate: &Candidate,
    setting: &Setting,
    held: &[(Source, Held)],
    size: usize,
    judge: &mut Judge,
) -> Result<()> {
    let mut orders = vec![(ParameterOrder::OURS, ParameterOrder::OURS.indices(&setting.net))];
    orders.extend(ParameterOrder::others(&setting.net));
    for missing in shapes::missing(&setting.net, size) {
        let gone: Vec<_> = missing.iter().map(|array| array.range.clone()).collect();
        let names: Vec<String> = missing.iter().map(|array| array.name.clone()).collect();
        for (source, held_source) in held {
            for (order, indices) in &orders {
                let kept: Vec<usize> =
                    indices.iter().copied().filter(|i| gone.iter().all(|range| !range.contains(i))).collect();
                let places = Places { rows: kept.clone(), columns: kept };
                let mut faults = vec![Fault::Missing(names.clone())];
                faults.extend((*source != held[0].0).then(|| named(*source)));
                faults.extend((*order != ParameterOrder::OURS).then_some(Fault::Order(*order)));
                judge.consider(&faults, &view(candidate, held_source, Some(&places))?);
                // Eigenvalues do not know the order of the parameters.
                if matches!(candidate, Candidate::Eigenvalues(_)) {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Blocks of other layers that have as many entries.
fn other_blocks(candidate: &Candidate, setting: &Setting, term: Term, judge: &mut Judge) -> Result<()> {
    let Candidate::Block { p, q, values } = candidate else { return Ok(()) };
    for a in 0..setting.net.depth() {
        for b in 0..setting.net.depth() {
            let sides = (setting.net.layer_range(a).len(), setting.net.layer_range(b).len());
            if (a, b) != (*p, *q) && (a, b) != (*q, *p) && sides == values.dim() {
                let other = Candidate::Block { p: a, q: b, values: values.clone() };
                let held = hold(&other, setting, Source::Term(term))?;
                judge.consider(&[Fault::OtherBlock(a, b)], &view(&other, &held, None)?);
            }
        }
    }
    Ok(())
}

/// Norms of the objects without regard to their order: what stands at the same rank, put in the candidate's place.
fn sorted(candidate: &Candidate, ours: &[f64], judge: &mut Judge) {
    if !matches!(candidate, Candidate::ObjectNorms(_)) || ours.len() < 3 {
        return;
    }
    let mut ranks: Vec<usize> = (0..ours.len()).collect();
    ranks.sort_by(|&a, &b| judge.values()[a].total_cmp(&judge.values()[b]));
    let mut ours = ours.to_vec();
    ours.sort_by(f64::total_cmp);
    let mut values = vec![0.0; ours.len()];
    ranks.into_iter().zip(ours).for_each(|(place, value)| values[place] = value);
    judge.consider(&[Fault::ObjectOrder], &values);
}

fn scaled(mut values: Vec<f64>, factor: f64) -> Vec<f64> {
    if factor != 1.0 {
        values.iter_mut().for_each(|v| *v *= factor);
    }
    values
}

/// The other orders of the parameters, where the candidate has one.
fn orders(candidate: &Candidate, net: &Network) -> Vec<(ParameterOrder, Places)> {
    let ordered = matches!(
        candidate,
        Candidate::Matrix(_) | Candidate::Diagonal(_) | Candidate::Block { .. } | Candidate::Products { .. }
    );
    let mut all: Vec<(ParameterOrder, Places)> = Vec::new();
    let ours = Places::of(candidate, net, &ParameterOrder::OURS.indices(net));
    for (order, indices) in ParameterOrder::others(net).into_iter().filter(|_| ordered) {
        let places = Places::of(candidate, net, &indices);
        let same = |known: &Places| known.rows == places.rows && known.columns == places.columns;
        if !same(&ours) && all.iter().all(|(_, known)| !same(known)) {
            all.push((order, places));
        }
    }
    all
}

fn other_sources(term: Term) -> impl Iterator<Item = Source> {
    let terms = [Term::Full, Term::Ggn, Term::HTerm].into_iter().filter(move |other| *other != term);
    terms.map(Source::Term).chain([Source::EmpiricalFisher])
}

fn named(source: Source) -> Fault {
    match source {
        Source::Term(term) => Fault::Term(term),
        Source::EmpiricalFisher => Fault::EmpiricalFisher,
    }
}

/// The factors that other reductions make, each with its meanings.
pub(super) fn named_factors(setting: &Setting) -> Vec<NamedFactor> {
    let (m, k) = (setting.data.len() as f64, setting.net.outputs() as f64);
    let mut all: Vec<(f64, &str)> = Vec::new();
    match (setting.loss.reduction, setting.loss.kind) {
        (Reduction::Mean, LossKind::CrossEntropy) => all.extend([
            (m, "sum over the objects instead of their mean"),
            (1.0 / k, "mean over the outputs too"),
            (m / k, "sum over the objects, mean over the outputs"),
            (1.0 / m, "divided by the number of objects twice"),
        ]),
        (Reduction::Mean, _) => all.extend([
            (m * k, "sum over objects and outputs instead of their mean"),
            (k, "mean over the objects, sum over the outputs"),
            (m, "sum over the objects, mean over the outputs"),
            (1.0 / m, "divided by the number of objects twice"),
            (1.0 / k, "divided by the number of outputs twice"),
        ]),
        (Reduction::Sum, _) => all.extend([
            (1.0 / m, "mean over the objects instead of their sum"),
            (1.0 / (m * k), "mean over objects and outputs instead of their sum"),
            (1.0 / k, "mean over the outputs"),
        ]),
    }
    if m > 1.0 {
        all.push((m / (m - 1.0), "divided by the number of objects minus one"));
    }
    if setting.loss.kind == LossKind::MeanSquaredError {
        all.extend([
            (0.5, "half the squared error"),
            (0.5 * k, "half the squared error, mean over the objects, sum over the outputs"),
            (0.5 * m * k, "half the squared error, sum over objects and outputs"),
            (0.5 * m, "half the squared error, sum over the objects, mean over the outputs"),
        ]);
    }
    all.extend([(2.0, "counted twice"), (0.5, "counted half")]);
    let mut named: Vec<NamedFactor> = Vec::new();
    for (factor, meaning) in all {
        // Products and quotients of whole numbers: equal ones may differ in the last bit.
        let same = |known: f64| (known - factor).abs() <= 1e-12 * factor;
        match named.iter_mut().find(|(known, _)| same(*known)) {
            Some((_, meanings)) if !meanings.contains(meaning) => {
                meanings.push_str(", or ");
                meanings.push_str(meaning);
            }
            Some(_) => {}
            None if same(1.0) => {}
            None => named.push((factor, meaning.to_string())),
        }
    }
    named
}
