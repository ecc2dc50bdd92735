//! Orders in which named layers can follow each other.

use std::collections::HashMap;

/// One layer, as far as its order is concerned.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// Its name, such as `encoder.fc1`.
    pub(super) layer: &'a str,
    /// The same with `#` for every number.
    pub(super) pattern: &'a str,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

/// How many orders there are.
#[derive(Debug, PartialEq)]
pub(super) enum Orders {
    None,
    One(Vec<usize>),
    /// The first two.
    Several(Vec<usize>, Vec<usize>),
    /// The search was given up.
    TooMany,
}

/// Layers beyond this are not searched for an order.
const MOST_LAYERS: usize = 1000;

/// Steps after which the search is given up.
const MOST_STEPS: usize = 100_000;

/// The orders of `nodes` in which widths follow on each other, layers of one pattern keep the order that they are
/// given in, and a module that was left is not entered again.
pub(super) fn orders(nodes: &[Node<'_>]) -> Orders {
    if nodes.len() > MOST_LAYERS {
        return Orders::TooMany;
    }
    let mut search = Search { nodes, state: State::new(nodes), found: Vec::new(), steps: 0 };
    search.extend();
    if search.steps > MOST_STEPS && search.found.len() < 2 {
        return Orders::TooMany;
    }
    let mut found = search.found.into_iter();
    match (found.next(), found.next()) {
        (None, _) => Orders::None,
        (Some(order), None) => Orders::One(order),
        (Some(first), Some(second)) => Orders::Several(first, second),
    }
}

/// Whether `order` is one of the [`orders`].
pub(super) fn allowed(nodes: &[Node<'_>], order: &[usize]) -> bool {
    let mut state = State::new(nodes);
    order.iter().all(|&node| {
        let fits = state.can_follow(nodes, node);
        state.push(nodes, node);
        fits
    })
}

struct Search<'a> {
    nodes: &'a [Node<'a>],
    state: State<'a>,
    found: Vec<Vec<usize>>,
    steps: usize,
}

impl Search<'_> {
    fn extend(&mut self) {
        if self.state.order.len() == self.nodes.len() {
            self.found.push(self.state.order.clone());
            return;
        }
        for node in 0..self.nodes.len() {
            self.steps += 1;
            if self.found.len() == 2 || self.steps > MOST_STEPS {
                return;
            }
            if self.state.can_follow(self.nodes, node) {
                self.state.push(self.nodes, node);
                self.extend();
                self.state.pop(self.nodes);
            }
        }
    }
}

/// The beginning of an order.
struct State<'a> {
    order: Vec<usize>,
    /// How many layers of each pattern are placed.
    placed: HashMap<&'a str, usize>,
    /// How many layers of each module are not.
    left: HashMap<&'a str, usize>,
    /// The number of each layer among those of its pattern.
    rank: Vec<usize>,
}

impl<'a> State<'a> {
    fn new(nodes: &[Node<'a>]) -> Self {
        let (mut seen, mut left) = (HashMap::new(), HashMap::new());
        let mut rank = Vec::with_capacity(nodes.len());
        for node in nodes {
            let next = seen.entry(node.pattern).or_insert(0);
            rank.push(*next);
            *next += 1;
            modules(node.layer).for_each(|module| *left.entry(module).or_insert(0) += 1);
        }
        State { order: Vec::new(), placed: HashMap::new(), left, rank }
    }

    fn can_follow(&self, nodes: &[Node<'a>], next: usize) -> bool {
        let node = &nodes[next];
        // Also false for a layer that is placed already.
        if self.placed.get(node.pattern).copied().unwrap_or(0) != self.rank[next] {
            return false;
        }
        let Some(&before) = self.order.last() else { return true };
        let before = &nodes[before];
        let unfinished = |module: &str| self.left.get(module).is_some_and(|&left| left > 0);
        let inside = |module: &str| modules(node.layer).any(|other| other == module);
        before.outputs == node.inputs
            && modules(before.layer).all(|module| !unfinished(module) || inside(module))
    }

    fn push(&mut self, nodes: &[Node<'a>], next: usize) {
        self.order.push(next);
        *self.placed.entry(nodes[next].pattern).or_insert(0) += 1;
        for module in modules(nodes[next].layer) {
            if let Some(left) = self.left.get_mut(module) {
                *left = left.saturating_sub(1);
            }
        }
    }

    fn pop(&mut self, nodes: &[Node<'a>]) {
        if let Some(last) = self.order.pop() {
            if let Some(placed) = self.placed.get_mut(nodes[last].pattern) {
                *placed -= 1;
            }
            for module in modules(nodes[last].layer) {
                *self.left.entry(module).or_insert(0) += 1;
            }
        }
    }
}

/// The modules that a layer lies in: `a` and `a.b` of `a.b.fc`.
fn modules(layer: &str) -> impl Iterator<Item = &str> {
    layer.match_indices('.').map(|(end, _)| &layer[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes<'a>(layers: &[(&'a str, &'a str, usize, usize)]) -> Vec<Node<'a>> {
        let node =
            |&(layer, pattern, inputs, outputs): &(_, _, _, _)| Node { layer, pattern, inputs, outputs };
        layers.iter().map(node).collect()
    }

    #[test]
    fn shapes_numbers_and_modules_leave_one_order() {
        let shapes = nodes(&[("body", "body", 4, 5), ("entry", "entry", 3, 4), ("head", "head", 5, 2)]);
        assert_eq!(orders(&shapes), Orders::One(vec![1, 0, 2]));
        // All widths alike: numbers order the features, the module keeps them together.
        let square = nodes(&[
            ("features.0", "features.#", 4, 4),
            ("features.2", "features.#", 4, 4),
            ("head", "head", 4, 2),
        ]);
        assert_eq!(orders(&square), Orders::One(vec![0, 1, 2]));
        let reentered = nodes(&[("a.x", "a.x", 4, 4), ("a.y", "a.y", 4, 3), ("b", "b", 4, 4)]);
        assert_eq!(orders(&reentered), Orders::One(vec![2, 0, 1]));
        assert!(!allowed(&reentered, &[0, 2, 1]));
    }

    #[test]
    fn no_order_several_orders_and_too_many() {
        let loose = nodes(&[("a", "a", 3, 4), ("b", "b", 5, 2)]);
        assert_eq!(orders(&loose), Orders::None);
        let alike = nodes(&[("a", "a", 4, 4), ("b", "b", 4, 4)]);
        assert_eq!(orders(&alike), Orders::Several(vec![0, 1], vec![1, 0]));
        assert!(allowed(&alike, &[1, 0]) && !allowed(&alike, &[0, 0]));
        // Many ways to begin, none to end.
        let names: Vec<String> = (0..40).map(|i| char::from(b'A' + i).to_string()).collect();
        let mut hard: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_str(), 4, 4)).collect();
        hard.push(("last", "last", 7, 7));
        assert_eq!(orders(&nodes(&hard)), Orders::TooMany);
    }
}
