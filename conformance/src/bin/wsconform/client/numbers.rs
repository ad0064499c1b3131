//! The numbers of the cases, as a driver counts them.

use wsconform::{Case, Context};

use super::query::Query;

/// The numbers of the cases, from 1 on, and of their second tries.
#[derive(Debug)]
pub(super) struct Numbers {
    /// The case of each number. A case with several connections has as many numbers.
    cases: Vec<usize>,
    ids: Vec<String>,
    /// The numbers after those of the cases.
    spare: usize,
}

/// What a number is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The case of this index.
    Case(usize),
    /// A case that met its deadline, once more, or a plain echo.
    Spare,
}

/// A driver asks for the count once, before the first case, so the numbers for second tries are part of it.
const SPARE: usize = 16;

impl Numbers {
    pub(super) fn new(cases: &[Case], context: &Context) -> Self {
        let ids = cases.iter().map(|case| case.id.to_string()).collect();
        let each = cases.iter().enumerate();
        let numbers = each.flat_map(|(index, case)| core::iter::repeat_n(index, case.connections(context)));
        Self { cases: numbers.collect(), ids, spare: SPARE.min(cases.len()) }
    }

    /// What a driver gets as the count of the cases.
    pub(super) fn count(&self) -> usize {
        self.cases.len() + self.spare
    }

    /// What the request asks for, by its number or its id.
    pub(super) fn place(&self, query: &Query) -> Option<Place> {
        let number = query.get("case").and_then(|number| number.parse::<usize>().ok());
        match (number, query.get("casetuple")) {
            (Some(number), _) => {
                let at = number.checked_sub(1).filter(|at| *at < self.count())?;
                Some(self.cases.get(at).map_or(Place::Spare, |index| Place::Case(*index)))
            }
            (None, Some(id)) => self.ids.iter().position(|other| other == id).map(Place::Case),
            (None, None) => None,
        }
    }
}

impl Place {
    /// The index of the case; `None` if the number is spare.
    pub(super) const fn case(self) -> Option<usize> {
        match self {
            Self::Case(index) => Some(index),
            Self::Spare => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use wsconform::{Context, Role, Script, catalogue};

    use super::super::query::FirstLine;
    use super::{Numbers, Place, SPARE};

    #[test]
    fn a_case_has_a_number_for_each_connection_and_second_tries_follow() {
        let cases = catalogue(Role::Client).into_iter();
        let mut cases: Vec<_> =
            cases.filter(|case| case.connections(&Context::default()) == 1).take(20).collect();
        let steps = Vec::new();
        cases[1].script = Script::Sweep(vec![steps.clone(), steps.clone(), steps]);
        let numbers = Numbers::new(&cases, &Context::default());
        assert_eq!(numbers.count(), 22 + SPARE);
        let place = |query: &str| {
            let line = format!("GET /runCase?{query} HTTP/1.1\r\n");
            let FirstLine::Asks(query) = FirstLine::read(line.as_bytes()) else { panic!("{line}") };
            numbers.place(&query)
        };
        let case = |index| Some(Place::Case(index));
        let places = [1, 2, 4, 5, 22].map(|number| place(&format!("case={number}")));
        assert_eq!(places, [case(0), case(1), case(1), case(2), case(19)]);
        assert_eq!([place("case=23"), place("case=38")], [Some(Place::Spare); 2]);
        assert_eq!([place("case=0"), place("case=39"), place("a=1"), place("casetuple=no")], [None; 4]);
        assert_eq!(place(&format!("casetuple={}", cases[7].id)), case(7));
    }

    #[test]
    fn each_cut_of_a_response_has_a_number() {
        let mut cases = catalogue(Role::Client);
        cases.retain(|case| case.id.as_str() == "4.1/split-two-way");
        let context = Context::default();
        let places = cases[0].opening(&context, 0).len() - 1;
        assert!(places > 100, "{places}");
        assert_eq!(Numbers::new(&cases, &context).count(), places + 1);
    }
}
