//! Parsing a filter. Every part that is wrong is reported with its place, up to a bound.

use serde_json::Value;
use strum::VariantNames;

use super::bounds::{MAX_COMPARISONS, MAX_DEPTH, MAX_LIST};
use super::expression::{Expression, Operand, Relation, Test};
use super::field::{Field, Kind};
use super::operand;
use super::operator::Operator;
use crate::error::FieldError;
use crate::json::truncate_name;
use crate::rules;

/// How many faults of one filter are reported.
const MAX_FAULTS: usize = 20;

/// A filter being parsed.
#[derive(Default)]
pub(super) struct Parser {
    faults: Vec<FieldError>,
    /// The number of operators that were read so far.
    comparisons: usize,
}

impl Parser {
    /// Parses the filter at `place`.
    ///
    /// # Errors
    /// What is wrong with it, at least one fault.
    pub(super) fn parse(place: &str, value: Value) -> Result<Expression, Vec<FieldError>> {
        let mut parser = Self::default();
        let expression = parser.expression(place, value, 1);
        if parser.comparisons > MAX_COMPARISONS {
            parser.faults.truncate(MAX_FAULTS - 1);
            parser.report(place, format_args!("must have at most {MAX_COMPARISONS} comparisons"));
        }
        expression.filter(|_| parser.faults.is_empty()).ok_or(parser.faults)
    }

    fn report(&mut self, place: &str, problem: impl std::fmt::Display) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(FieldError::new(place, problem));
        }
    }

    /// Whether the rest does not matter.
    const fn is_refused(&self) -> bool {
        self.comparisons > MAX_COMPARISONS || self.faults.len() >= MAX_FAULTS
    }

    fn expression(&mut self, place: &str, value: Value, depth: usize) -> Option<Expression> {
        if depth > MAX_DEPTH {
            self.report(place, format_args!("is nested too deeply: a filter has at most {MAX_DEPTH} levels"));
            return None;
        }
        let member = match value {
            Value::Object(members) if members.len() == 1 => members.into_iter().next(),
            _ => None,
        };
        let Some((name, value)) = member else {
            self.report(place, "must be an object with one member: a field, and, or, or not");
            return None;
        };
        let inside = format!("{place}.{}", truncate_name(&name));
        match name.as_str() {
            "and" => self.parts(&inside, value, depth + 1).map(Expression::All),
            "or" => self.parts(&inside, value, depth + 1).map(Expression::Any),
            "not" => self.expression(&inside, value, depth + 1).map(|part| Expression::Not(Box::new(part))),
            field => match Field::parse(field) {
                Ok(field) => self.comparisons(&inside, &field, value),
                Err(problem) => {
                    self.report(&inside, problem);
                    None
                }
            },
        }
    }

    fn parts(&mut self, place: &str, value: Value, depth: usize) -> Option<Vec<Expression>> {
        let items = match value {
            Value::Array(items) if (1..=MAX_LIST).contains(&items.len()) => items,
            _ => {
                self.report(place, format_args!("must be a list of 1 to {MAX_LIST} filters"));
                return None;
            }
        };
        let mut parts = Some(Vec::with_capacity(items.len()));
        for (index, item) in items.into_iter().enumerate() {
            if self.is_refused() {
                return None;
            }
            let part = self.expression(&format!("{place}[{index}]"), item, depth);
            parts = parts.zip(part).map(|(mut parts, part)| {
                parts.push(part);
                parts
            });
        }
        parts
    }

    fn comparisons(&mut self, place: &str, field: &Field, value: Value) -> Option<Expression> {
        let operators = match value {
            Value::Object(operators) if !operators.is_empty() => operators,
            _ => {
                self.report(place, r#"must be an object of operators, such as {"eq": …}"#);
                return None;
            }
        };
        let mut tests = Vec::with_capacity(operators.len().min(Operator::VARIANTS.len()));
        for (name, operand) in operators {
            self.comparisons += 1;
            if self.is_refused() {
                return None;
            }
            let inside = format!("{place}.{}", truncate_name(&name));
            let kind = field.kind();
            match name.parse().ok().filter(|operator| kind.operators().contains(operator)) {
                Some(operator) => match test(kind, operator, operand) {
                    Ok(test) => tests.push(Expression::Comparison(field.clone(), test)),
                    Err(problem) => self.report_operand(&inside, problem),
                },
                None => {
                    let known: Vec<&str> = kind.operators().iter().map(Into::into).collect();
                    self.report(
                        &inside,
                        format_args!("is not an operator here: those are {}", known.join(", ")),
                    );
                }
            }
        }
        Some(if tests.len() == 1 { tests.remove(0) } else { Expression::All(tests) })
    }

    fn report_operand(&mut self, place: &str, problem: OperandProblem) {
        match problem.item {
            None => self.report(place, problem.message),
            Some(index) => self.report(&format!("{place}[{index}]"), problem.message),
        }
    }
}

/// What is wrong with an operand, or with one value of an operand that is a list.
struct OperandProblem {
    item: Option<usize>,
    message: String,
}

impl From<String> for OperandProblem {
    fn from(message: String) -> Self {
        Self { item: None, message }
    }
}

/// The test that `operator` makes with this operand.
fn test(kind: Kind, operator: Operator, operand: Value) -> Result<Test, OperandProblem> {
    if rules::has_nul(&operand) {
        return Err("must not contain the NUL character".to_owned().into());
    }
    Ok(match operator {
        Operator::Eq => Test::IsOneOf(vec![operand::equal(kind, operand)?]),
        Operator::Ne => Test::IsNoneOf(vec![operand::equal(kind, operand)?]),
        Operator::In => Test::IsOneOf(list(kind, operand)?),
        Operator::Nin => Test::IsNoneOf(list(kind, operand)?),
        Operator::Gt => Test::Is(Relation::Greater, operand::ordered(kind, operand)?),
        Operator::Gte => Test::Is(Relation::GreaterOrEqual, operand::ordered(kind, operand)?),
        Operator::Lt => Test::Is(Relation::Less, operand::ordered(kind, operand)?),
        Operator::Lte => Test::Is(Relation::LessOrEqual, operand::ordered(kind, operand)?),
        Operator::Exists => Test::Exists(operand::flag(operand)?),
        Operator::Contains => Test::Contains(operand::part(kind, operand)?),
        Operator::Prefix => Test::BeginsWith(operand::prefix(kind, operand)?),
    })
}

fn list(kind: Kind, operand: Value) -> Result<Vec<Operand>, OperandProblem> {
    let values = operand::list(operand)?;
    let value = |(index, value)| {
        operand::equal(kind, value).map_err(|message| OperandProblem { item: Some(index), message })
    };
    values.into_iter().enumerate().map(value).collect()
}
