//! The facts of a result, listed once a type: notebooks show them under their labels, reports and tables hold them under
//! their names.

use serde_json::{Map, Value, json};

use crate::format::{grouped, list, short};

/// A result that consists of facts.
///
/// ```
/// use hessia::facts::{self, Facts};
/// let fit = hessia::fit::power_law(&[1.0, 2.0, 4.0], &[3.0, 12.0, 48.0])?;
/// assert_eq!(facts::shown(&fit)[0].0, "exponent");
/// assert_eq!(facts::report(&fit)["points"], 3);
/// # Ok::<(), hessia::Error>(())
/// ```
pub trait Facts: Sized {
    /// What a table of such results is called: `fits`.
    const TABLE: &'static str;

    /// The facts, in the order in which they are shown.
    fn facts() -> FactList<Self>;

    /// What stands above them.
    fn caption(&self) -> String;

    /// A series that a reader wants to see as a line: its caption, where it needs one, and its values.
    fn line(&self) -> Option<(&'static str, Vec<f64>)> {
        None
    }
}

/// One value of a fact, as a table or a report holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(Option<String>),
    /// How many.
    Count(Option<usize>),
    /// A number.
    Number(Option<f64>),
    /// Yes or no.
    Flag(Option<bool>),
    /// Several numbers.
    Numbers(Vec<f64>),
    /// Several counts.
    Counts(Vec<usize>),
}

/// Smallest, largest and mean of some numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// The mean.
    pub mean: f64,
}

impl Spread {
    /// The spread of any numbers; none of none.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a f64>) -> Option<Spread> {
        let (mut low, mut high, mut sum, mut count) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0);
        for &value in values {
            (low, high) = (low.min(value), high.max(value));
            sum += value;
            count += 1.0;
        }
        (count > 0.0).then(|| Spread { low, high, mean: sum / count })
    }
}

type Of<T, V> = Box<dyn Fn(&T) -> V>;

enum Quantity<T> {
    Text(Of<T, Option<String>>),
    Count(Of<T, Option<usize>>),
    Amount(Of<T, Option<usize>>),
    Number(Of<T, Option<f64>>),
    Share(Of<T, Option<f64>>),
    Flag(Of<T, Option<bool>>),
    Interval(Of<T, Option<(f64, f64)>>),
    Range(Of<T, Option<(f64, f64)>>),
    Spread(Of<T, Option<Spread>>),
    Numbers(Of<T, Vec<f64>>),
    Counts(Of<T, Vec<usize>>),
}

/// One fact: under which names tables and reports hold it, what readers see, and how it is read off a result.
struct Fact<T> {
    names: Vec<String>,
    /// Empty where it is not shown.
    label: &'static str,
    /// Not shown where it is not known.
    only_if_known: bool,
    quantity: Quantity<T>,
}

impl<T> Fact<T> {
    /// Its only name, or what its names have in common.
    fn name(&self) -> &str {
        match &self.names[..] {
            [low, _, _] => low.trim_end_matches("_low"),
            names => &names[0],
        }
    }
}

/// The facts of a type.
///
/// Every method adds one: its name in tables and reports, its label for readers (empty for what would tell them
/// nothing), and how it is read off a result.
pub struct FactList<T> {
    facts: Vec<Fact<T>>,
}

impl<T> Default for FactList<T> {
    fn default() -> Self {
        FactList { facts: Vec::new() }
    }
}

impl<T: 'static> FactList<T> {
    /// No facts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Words.
    pub fn text<V: Into<Option<String>>>(
        self,
        name: &str,
        label: &'static str,
        of: impl Fn(&T) -> V + 'static,
    ) -> Self {
        self.push(vec![name.into()], label, Quantity::Text(Box::new(move |result| of(result).into())))
    }

    /// A count, shown in full.
    pub fn count<V: Into<Option<usize>>>(
        self,
        name: &str,
        label: &'static str,
        of: impl Fn(&T) -> V + 'static,
    ) -> Self {
        self.push(vec![name.into()], label, Quantity::Count(Box::new(move |result| of(result).into())))
    }

    /// A count too large to be read, shown with four digits.
    pub fn amount(self, name: &str, label: &'static str, of: impl Fn(&T) -> usize + 'static) -> Self {
        self.push(vec![name.into()], label, Quantity::Amount(Box::new(move |result| Some(of(result)))))
    }

    /// A number, shown with four digits.
    pub fn number<V: Into<Option<f64>>>(
        self,
        name: &str,
        label: &'static str,
        of: impl Fn(&T) -> V + 'static,
    ) -> Self {
        self.push(vec![name.into()], label, Quantity::Number(Box::new(move |result| of(result).into())))
    }

    /// A share of one, shown in per cent.
    pub fn share<V: Into<Option<f64>>>(
        self,
        name: &str,
        label: &'static str,
        of: impl Fn(&T) -> V + 'static,
    ) -> Self {
        self.push(vec![name.into()], label, Quantity::Share(Box::new(move |result| of(result).into())))
    }

    /// Yes or no.
    pub fn flag<V: Into<Option<bool>>>(
        self,
        name: &str,
        label: &'static str,
        of: impl Fn(&T) -> V + 'static,
    ) -> Self {
        self.push(vec![name.into()], label, Quantity::Flag(Box::new(move |result| of(result).into())))
    }

    /// An interval, held under one name for each of its ends.
    pub fn interval<V: Into<Option<(f64, f64)>>>(
        self,
        names: [&str; 2],
        label: &'static str,
        of: impl Fn(&T) -> V + 'static,
    ) -> Self {
        let of = move |result: &T| of(result).into();
        self.push(names.map(String::from).to_vec(), label, Quantity::Interval(Box::new(of)))
    }

    /// Smallest and largest of many numbers, held under one name each.
    pub fn range<V: Into<Option<(f64, f64)>>>(
        self,
        names: [&str; 2],
        label: &'static str,
        of: impl Fn(&T) -> V + 'static,
    ) -> Self {
        let of = move |result: &T| of(result).into();
        self.push(names.map(String::from).to_vec(), label, Quantity::Range(Box::new(of)))
    }

    /// Smallest, largest and mean of many numbers, held as `NAME_low`, `NAME_high` and `NAME_mean`.
    pub fn spread(
        self,
        name: &str,
        label: &'static str,
        of: impl Fn(&T) -> Option<Spread> + 'static,
    ) -> Self {
        let names = ["low", "high", "mean"].map(|end| format!("{name}_{end}"));
        self.push(names.to_vec(), label, Quantity::Spread(Box::new(of)))
    }

    /// Several numbers.
    pub fn numbers(self, name: &str, label: &'static str, of: impl Fn(&T) -> Vec<f64> + 'static) -> Self {
        self.push(vec![name.into()], label, Quantity::Numbers(Box::new(of)))
    }

    /// Several counts.
    pub fn counts(self, name: &str, label: &'static str, of: impl Fn(&T) -> Vec<usize> + 'static) -> Self {
        self.push(vec![name.into()], label, Quantity::Counts(Box::new(of)))
    }

    /// The last fact is not shown where it is not known, instead of as `none`.
    #[must_use]
    pub fn if_known(mut self) -> Self {
        if let Some(last) = self.facts.last_mut() {
            last.only_if_known = true;
        }
        self
    }

    /// The facts of a part of the result.
    pub fn part<U: 'static>(mut self, part: FactList<U>, of: impl Fn(&T) -> &U + Copy + 'static) -> Self {
        self.facts.extend(part.facts.into_iter().map(|fact| {
            macro_rules! through {
                ($($kind:ident),*) => {
                    match fact.quantity {
                        $(Quantity::$kind(inner) => Quantity::$kind(Box::new(move |result| inner(of(result)))),)*
                    }
                };
            }
            let quantity =
                through!(Text, Count, Amount, Number, Share, Flag, Interval, Range, Spread, Numbers, Counts);
            Fact { names: fact.names, label: fact.label, only_if_known: fact.only_if_known, quantity }
        }));
        self
    }

    fn push(mut self, names: Vec<String>, label: &'static str, quantity: Quantity<T>) -> Self {
        self.facts.push(Fact { names, label, only_if_known: false, quantity });
        self
    }

    /// Every name with an empty cell of its kind.
    pub fn columns(&self) -> Vec<(String, Cell)> {
        let mut all = Vec::new();
        for fact in &self.facts {
            let empty = match fact.quantity {
                Quantity::Text(_) => Cell::Text(None),
                Quantity::Count(_) | Quantity::Amount(_) => Cell::Count(None),
                Quantity::Flag(_) => Cell::Flag(None),
                Quantity::Numbers(_) => Cell::Numbers(Vec::new()),
                Quantity::Counts(_) => Cell::Counts(Vec::new()),
                _ => Cell::Number(None),
            };
            all.extend(fact.names.iter().map(|name| (name.clone(), empty.clone())));
        }
        all
    }

    /// What a result has in each of the [`columns`](Self::columns).
    pub fn cells(&self, result: &T) -> Vec<Cell> {
        let mut all = Vec::new();
        for fact in &self.facts {
            match &fact.quantity {
                Quantity::Text(of) => all.push(Cell::Text(of(result))),
                Quantity::Count(of) | Quantity::Amount(of) => all.push(Cell::Count(of(result))),
                Quantity::Number(of) | Quantity::Share(of) => all.push(Cell::Number(of(result))),
                Quantity::Flag(of) => all.push(Cell::Flag(of(result))),
                Quantity::Interval(of) | Quantity::Range(of) => {
                    let ends = of(result);
                    all.extend([ends.map(|e| e.0), ends.map(|e| e.1)].map(Cell::Number));
                }
                Quantity::Spread(of) => {
                    let spread = of(result);
                    let ends = [spread.map(|s| s.low), spread.map(|s| s.high), spread.map(|s| s.mean)];
                    all.extend(ends.map(Cell::Number));
                }
                Quantity::Numbers(of) => all.push(Cell::Numbers(of(result))),
                Quantity::Counts(of) => all.push(Cell::Counts(of(result))),
            }
        }
        all
    }

    /// What readers call a fact; none where it is not shown or there is none of that name.
    pub fn label(&self, name: &str) -> Option<&'static str> {
        let fact = self.facts.iter().find(|fact| fact.name() == name)?;
        (!fact.label.is_empty()).then_some(fact.label)
    }

    /// Names and values, as a report holds them: null where one is not known or not finite.
    pub fn report(&self, result: &T) -> Map<String, Value> {
        let names = self.columns().into_iter().map(|(name, _)| name);
        names.zip(self.cells(result).into_iter().map(json_of)).collect()
    }

    /// Labels and values, as a reader sees them.
    pub fn shown(&self, result: &T) -> Vec<(&'static str, String)> {
        let visible = self.facts.iter().filter(|fact| !fact.label.is_empty());
        visible
            .filter_map(|fact| match text(&fact.quantity, result) {
                Some(text) => Some((fact.label, text)),
                None => (!fact.only_if_known).then(|| (fact.label, "none".to_string())),
            })
            .collect()
    }
}

/// Counts of one fact that are shown.
const COUNTS: usize = 20;

fn text<T>(quantity: &Quantity<T>, result: &T) -> Option<String> {
    match quantity {
        Quantity::Text(of) => of(result),
        Quantity::Count(of) => of(result).map(grouped),
        Quantity::Amount(of) => of(result).map(|count| short(count as f64)),
        Quantity::Number(of) => of(result).map(short),
        Quantity::Share(of) => of(result).map(|share| format!("{:.1} %", 100.0 * share)),
        Quantity::Flag(of) => of(result).map(|known| if known { "yes" } else { "no" }.to_string()),
        Quantity::Interval(of) => of(result).map(|(low, high)| format!("{} … {}", short(low), short(high))),
        Quantity::Range(of) => of(result).map(|(low, high)| format!("{} to {}", short(low), short(high))),
        Quantity::Spread(of) => {
            of(result).map(|s| format!("{} to {}, mean {}", short(s.low), short(s.high), short(s.mean)))
        }
        Quantity::Numbers(of) => Some(of(result)).filter(|all| !all.is_empty()).map(|all| list(&all)),
        Quantity::Counts(of) => {
            let counts = of(result);
            let more = if counts.len() > COUNTS { ", …" } else { "" };
            let shown: Vec<String> = counts.iter().take(COUNTS).map(usize::to_string).collect();
            (!counts.is_empty()).then(|| shown.join(", ") + more)
        }
    }
}

/// The facts as a reader sees them: labels and values.
pub fn shown<T: Facts + 'static>(result: &T) -> Vec<(&'static str, String)> {
    T::facts().shown(result)
}

/// The facts as a report holds them: a JSON object of names and values, null where one is not known or not finite.
pub fn report<T: Facts + 'static>(result: &T) -> Map<String, Value> {
    T::facts().report(result)
}

fn json_of(cell: Cell) -> Value {
    match cell {
        Cell::Text(text) => json!(text),
        Cell::Count(count) => json!(count),
        Cell::Number(number) => json!(number),
        Cell::Flag(flag) => json!(flag),
        Cell::Numbers(numbers) => json!(numbers),
        Cell::Counts(counts) => json!(counts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Toy {
        size: usize,
        norm: Option<f64>,
    }

    impl Facts for Toy {
        const TABLE: &'static str = "toys";

        fn facts() -> FactList<Toy> {
            FactList::new()
                .count("size", "size", |toy: &Toy| toy.size)
                .number("norm", "‖toy‖", |toy| toy.norm)
                .if_known()
                .interval(["low", "high"], "interval", |toy| toy.norm.map(|norm| (norm, 2.0 * norm)))
                .share("half", "", |_| 0.5)
        }

        fn caption(&self) -> String {
            "toy".to_string()
        }
    }

    #[test]
    fn what_is_not_known_is_null_or_none_or_not_shown() {
        let toy = Toy { size: 1000, norm: None };
        assert_eq!(shown(&toy), [("size", "1\u{202f}000".to_string()), ("interval", "none".to_string())]);
        let expected = json!({ "size": 1000, "norm": null, "low": null, "high": null, "half": 0.5 });
        assert_eq!(Value::Object(report(&toy)), expected);
        let known = Toy { norm: Some(2.0), ..toy };
        assert_eq!(shown(&known)[2], ("interval", "2 … 4".to_string()));
    }

    #[test]
    fn columns_and_cells_are_of_one_kind_and_number() {
        let list = Toy::facts();
        let cells = list.cells(&Toy { size: 1, norm: Some(1.0) });
        let kinds: Vec<_> =
            list.columns().into_iter().map(|(_, cell)| std::mem::discriminant(&cell)).collect();
        assert_eq!(cells.iter().map(std::mem::discriminant).collect::<Vec<_>>(), kinds);
    }

    #[test]
    fn nothing_has_no_spread() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[1.0, 3.0]), Some(Spread { low: 1.0, high: 3.0, mean: 2.0 }));
    }
}
