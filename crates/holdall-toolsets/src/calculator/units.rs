//! Units: which there are, and what becomes of them when numbers are multiplied.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;

use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;

use super::errors::CalculationError;
use super::number::{Arithmetic, Number};

type Result<T> = std::result::Result<T, CalculationError>;

/// Exponents of length, mass, time, current, temperature, amount, luminosity, information and angle.
pub(super) type Dimension = [i16; 9];

const NONE: Dimension = [0; 9];
const LENGTH: Dimension = [1, 0, 0, 0, 0, 0, 0, 0, 0];
const AREA: Dimension = [2, 0, 0, 0, 0, 0, 0, 0, 0];
const VOLUME: Dimension = [3, 0, 0, 0, 0, 0, 0, 0, 0];
const MASS: Dimension = [0, 1, 0, 0, 0, 0, 0, 0, 0];
const TIME: Dimension = [0, 0, 1, 0, 0, 0, 0, 0, 0];
const FREQUENCY: Dimension = [0, 0, -1, 0, 0, 0, 0, 0, 0];
const SPEED: Dimension = [1, 0, -1, 0, 0, 0, 0, 0, 0];
const FORCE: Dimension = [1, 1, -2, 0, 0, 0, 0, 0, 0];
const PRESSURE: Dimension = [-1, 1, -2, 0, 0, 0, 0, 0, 0];
const ENERGY: Dimension = [2, 1, -2, 0, 0, 0, 0, 0, 0];
const POWER: Dimension = [2, 1, -3, 0, 0, 0, 0, 0, 0];
const CURRENT: Dimension = [0, 0, 0, 1, 0, 0, 0, 0, 0];
const CHARGE: Dimension = [0, 0, 1, 1, 0, 0, 0, 0, 0];
const VOLTAGE: Dimension = [2, 1, -3, -1, 0, 0, 0, 0, 0];
const RESISTANCE: Dimension = [2, 1, -3, -2, 0, 0, 0, 0, 0];
const CAPACITANCE: Dimension = [-2, -1, 4, 2, 0, 0, 0, 0, 0];
const INDUCTANCE: Dimension = [2, 1, -2, -2, 0, 0, 0, 0, 0];
const FLUX: Dimension = [2, 1, -2, -1, 0, 0, 0, 0, 0];
const FLUX_DENSITY: Dimension = [0, 1, -2, -1, 0, 0, 0, 0, 0];
const TEMPERATURE: Dimension = [0, 0, 0, 0, 1, 0, 0, 0, 0];
const AMOUNT: Dimension = [0, 0, 0, 0, 0, 1, 0, 0, 0];
const LUMINOSITY: Dimension = [0, 0, 0, 0, 0, 0, 1, 0, 0];
const INFORMATION: Dimension = [0, 0, 0, 0, 0, 0, 0, 1, 0];
pub(super) const ANGLE: Dimension = [0, 0, 0, 0, 0, 0, 0, 0, 1];

/// Powers of a unit: beyond these no quantity is known.
const POWER_MAX: i16 = 30;
/// Different units in one quantity.
const FACTORS_MAX: usize = 12;

/// What may stand in front of a unit.
#[derive(Clone, Copy, PartialEq)]
enum Prefix {
    No,
    Metric,
    Binary,
}
use Prefix::{Binary, Metric, No};

/// Symbol first, then other names; the size in base units; the dimension; the prefixes.
type Row = (&'static str, &'static str, Dimension, Prefix);

/// The base units are m, kg, s, A, K, mol, cd, bit and degree.
const UNITS: &[Row] = &[
    ("m meter metre", "1", LENGTH, Metric),
    ("in inch inches", "0.0254", LENGTH, No),
    ("ft foot feet", "0.3048", LENGTH, No),
    ("yd yard", "0.9144", LENGTH, No),
    ("mi mile", "1609.344", LENGTH, No),
    ("nmi nautical_mile", "1852", LENGTH, No),
    ("au astronomical_unit", "149597870700", LENGTH, No),
    ("ly lightyear light_year", "9460730472580800", LENGTH, No),
    ("pc parsec", "30856775814913673", LENGTH, Metric),
    ("angstrom", "1/10000000000", LENGTH, No),
    ("point", "0.0254/72", LENGTH, No),
    ("ha hectare", "10000", AREA, No),
    ("acre", "4046.8564224", AREA, No),
    ("sqm", "1", AREA, No),
    ("sqft square_foot", "0.09290304", AREA, No),
    ("sqkm", "1000000", AREA, No),
    ("sqmi square_mile", "2589988.110336", AREA, No),
    ("L l liter litre", "0.001", VOLUME, Metric),
    ("gal gallon", "0.003785411784", VOLUME, No),
    ("qt quart", "0.000946352946", VOLUME, No),
    ("pt pint", "0.000473176473", VOLUME, No),
    ("cup", "0.0002365882365", VOLUME, No),
    (
        "floz fl_oz fluid_ounce fl_ounce",
        "0.0000295735295625",
        VOLUME,
        No,
    ),
    ("tbsp tablespoon", "0.00001478676478125", VOLUME, No),
    ("tsp teaspoon", "0.00000492892159375", VOLUME, No),
    ("imperial_gallon", "0.00454609", VOLUME, No),
    ("imperial_pint", "0.00056826125", VOLUME, No),
    ("cc", "0.000001", VOLUME, No),
    ("barrel oil_barrel", "0.158987294928", VOLUME, No),
    ("g gram gramme", "0.001", MASS, Metric),
    ("t tonne metric_ton", "1000", MASS, Metric),
    ("lb lbs pound", "0.45359237", MASS, No),
    ("oz ounce", "0.028349523125", MASS, No),
    ("troy_ounce ozt", "0.0311034768", MASS, No),
    ("stone", "6.35029318", MASS, No),
    ("short_ton us_ton", "907.18474", MASS, No),
    ("long_ton imperial_ton", "1016.0469088", MASS, No),
    ("grain", "0.00006479891", MASS, No),
    ("carat", "0.0002", MASS, No),
    ("u dalton", "1.66053906892/1000000000000000000000000000", MASS, No),
    ("s sec second", "1", TIME, Metric),
    ("min minute", "60", TIME, No),
    ("h hr hour", "3600", TIME, No),
    ("d day", "86400", TIME, No),
    ("week", "604800", TIME, No),
    ("fortnight", "1209600", TIME, No),
    ("month", "2629746", TIME, No),
    ("year yr", "31556952", TIME, No),
    ("decade", "315569520", TIME, No),
    ("century centuries", "3155695200", TIME, No),
    ("Hz hertz", "1", FREQUENCY, Metric),
    ("rpm", "1/60", FREQUENCY, No),
    ("Bq becquerel", "1", FREQUENCY, Metric),
    ("kmh kph", "1000/3600", SPEED, No),
    ("mph", "0.44704", SPEED, No),
    ("knot kn kt", "1852/3600", SPEED, No),
    ("fps", "0.3048", SPEED, No),
    ("N newton", "1", FORCE, Metric),
    ("lbf pound_force", "4.4482216152605", FORCE, No),
    ("kgf", "9.80665", FORCE, No),
    ("dyn dyne", "0.00001", FORCE, No),
    ("Pa pascal", "1", PRESSURE, Metric),
    ("bar", "100000", PRESSURE, Metric),
    ("atm atmosphere", "101325", PRESSURE, No),
    ("psi", "6894.757293168", PRESSURE, No),
    ("mmHg", "133.322387415", PRESSURE, No),
    ("torr", "101325/760", PRESSURE, No),
    ("J joule", "1", ENERGY, Metric),
    ("Wh watt_hour", "3600", ENERGY, Metric),
    ("cal calorie", "4.184", ENERGY, Metric),
    ("Cal", "4184", ENERGY, No),
    ("BTU btu", "1055.05585262", ENERGY, No),
    (
        "eV electronvolt",
        "1.602176634/10000000000000000000",
        ENERGY,
        Metric,
    ),
    ("erg", "1/10000000", ENERGY, No),
    ("W watt", "1", POWER, Metric),
    ("hp horsepower", "745.69987158227022", POWER, No),
    ("PS metric_horsepower", "735.49875", POWER, No),
    ("A amp ampere", "1", CURRENT, Metric),
    ("coulomb", "1", CHARGE, Metric),
    ("Ah amp_hour", "3600", CHARGE, Metric),
    ("V volt", "1", VOLTAGE, Metric),
    ("ohm", "1", RESISTANCE, Metric),
    ("farad", "1", CAPACITANCE, Metric),
    ("henry", "1", INDUCTANCE, Metric),
    ("Wb weber", "1", FLUX, Metric),
    ("T tesla", "1", FLUX_DENSITY, Metric),
    ("K kelvin", "1", TEMPERATURE, Metric),
    ("°C C celsius degC centigrade", "1", TEMPERATURE, No),
    ("°F F fahrenheit degF", "5/9", TEMPERATURE, No),
    ("mol mole", "1", AMOUNT, Metric),
    ("cd candela", "1", LUMINOSITY, No),
    ("lm lumen", "1", LUMINOSITY, No),
    ("bit", "1", INFORMATION, Binary),
    ("B byte", "8", INFORMATION, Binary),
    ("deg degree", "1", ANGLE, No),
    ("arcmin arcminute", "1/60", ANGLE, No),
    ("arcsec arcsecond", "1/3600", ANGLE, No),
    ("turn revolution", "360", ANGLE, No),
    ("gradian gon", "9/10", ANGLE, No),
    ("rad radian", "0", ANGLE, No),
    ("dozen", "12", NONE, No),
    ("hundred", "100", NONE, No),
    ("thousand", "1000", NONE, No),
    ("million", "1000000", NONE, No),
    ("billion", "1000000000", NONE, No),
    ("trillion", "1000000000000", NONE, No),
    ("percent", "1/100", NONE, No),
    ("ppm", "1/1000000", NONE, No),
];

const METRIC: [(&str, &str, i32); 17] = [
    ("da", "deca", 1),
    ("h", "hecto", 2),
    ("k", "kilo", 3),
    ("M", "mega", 6),
    ("G", "giga", 9),
    ("T", "tera", 12),
    ("P", "peta", 15),
    ("E", "exa", 18),
    ("d", "deci", -1),
    ("c", "centi", -2),
    ("m", "milli", -3),
    ("µ", "micro", -6),
    ("u", "micro", -6),
    ("n", "nano", -9),
    ("p", "pico", -12),
    ("f", "femto", -15),
    ("a", "atto", -18),
];
const BINARY: [(&str, &str, usize); 6] = [
    ("Ki", "kibi", 10),
    ("Mi", "mebi", 20),
    ("Gi", "gibi", 30),
    ("Ti", "tebi", 40),
    ("Pi", "pebi", 50),
    ("Ei", "exbi", 60),
];
/// Currencies people ask for; their rates change by the minute.
const CURRENCIES: [&str; 24] = [
    "USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK",
    "BRL", "MXN", "ZAR", "KRW", "THB", "SGD", "HKD", "TRY", "BTC",
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> = LazyLock::new(|| {
    let names = UNITS
        .iter()
        .flat_map(|row| row.0.split(' ').map(move |name| (name, row)));
    names.collect()
});

/// One unit, as the quantity it is.
#[derive(Clone, Debug)]
struct Factor {
    symbol: String,
    size: Number,
    dimension: Dimension,
    power: i16,
}

/// What a number counts: units with their powers. Empty for plain numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit(Vec<Factor>);

/// A number and what it counts.
#[derive(Clone, Debug)]
pub(super) struct Quantity {
    pub(super) number: Number,
    pub(super) unit: Unit,
}

impl From<Number> for Quantity {
    fn from(number: Number) -> Self {
        Self {
            number,
            unit: Unit::default(),
        }
    }
}

/// All names units go by, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    BY_NAME.keys().copied()
}

pub(super) fn is_currency(name: &str) -> bool {
    CURRENCIES.contains(&name)
}

/// One of the unit of this name, if there is one: with a prefix, and in the plural.
pub(super) fn named(name: &str, arithmetic: &Arithmetic) -> Option<Quantity> {
    let row = |name: &str| BY_NAME.get(name).copied();
    if let Some(found) = row(name) {
        return Some(quantity(found, symbol(found), None, arithmetic));
    }
    // Plurals are of long names: `ms` are milliseconds.
    let singular = name.strip_suffix('s').filter(|singular| singular.len() > 2);
    if let Some(found) = singular.and_then(row) {
        return Some(quantity(found, symbol(found), None, arithmetic));
    }
    if let Some(found) = prefixed(name, row, arithmetic) {
        return Some(found);
    }
    if let Some(found) = singular.and_then(|singular| prefixed(singular, row, arithmetic)) {
        return Some(found);
    }
    // Names, not symbols, may be written in capitals.
    let lower = name.to_lowercase();
    (lower != name && name.chars().count() > 3).then(|| named(&lower, arithmetic))?
}

fn prefixed(
    name: &str,
    row: impl Fn(&str) -> Option<&'static Row>,
    arithmetic: &Arithmetic,
) -> Option<Quantity> {
    let short = |row: &'static Row, base: &str| symbol(row) == base || base == "l";
    for (sign, word, power) in METRIC {
        for (prefix, is_short) in [(word, false), (sign, true)] {
            let Some(base) = name.strip_prefix(prefix) else {
                continue;
            };
            let Some(found) = row(base).filter(|found| found.3 != No && short(found, base) == is_short)
            else {
                continue;
            };
            let ten = UBig::from(10u8).pow(usize::try_from(power.unsigned_abs()).unwrap_or(0));
            let size = match power < 0 {
                true => RBig::from_parts(IBig::ONE, ten),
                false => RBig::from(ten),
            };
            let symbol = format!("{sign}{}", symbol(found));
            return Some(quantity(found, &symbol, Some(size), arithmetic));
        }
    }
    for (sign, word, bits) in BINARY {
        for (prefix, is_short) in [(word, false), (sign, true)] {
            let Some(base) = name.strip_prefix(prefix) else {
                continue;
            };
            let Some(found) = row(base).filter(|found| found.3 == Binary && (short(found, base) == is_short))
            else {
                continue;
            };
            let symbol = format!("{sign}{}", symbol(found));
            let size = RBig::from(UBig::ONE << bits);
            return Some(quantity(found, &symbol, Some(size), arithmetic));
        }
    }
    None
}

fn symbol(row: &'static Row) -> &'static str {
    row.0.split(' ').next().unwrap_or(row.0)
}

fn quantity(row: &'static Row, symbol: &str, prefix: Option<RBig>, arithmetic: &Arithmetic) -> Quantity {
    let (_, size, dimension, _) = row;
    let size = match *size {
        // A radian is 180/π degrees, which is no fraction.
        "0" => arithmetic
            .divide(&Number::from(180), &arithmetic.pi())
            .unwrap_or(Number::from(57)),
        size => Number::Exact(ratio(size) * prefix.unwrap_or(RBig::ONE)),
    };
    if *dimension == NONE {
        return size.into();
    }
    Quantity {
        number: Number::from(1),
        unit: Unit(vec![Factor {
            symbol: symbol.to_owned(),
            size,
            dimension: *dimension,
            power: 1,
        }]),
    }
}

/// A size in the table: a decimal, or one divided by another.
fn ratio(text: &str) -> RBig {
    let decimal = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = IBig::from_str(&format!("{whole}{fraction}")).expect("sizes in the table are decimals");
        RBig::from_parts(digits, UBig::from(10u8).pow(fraction.len()))
    };
    match text.split_once('/') {
        Some((one, other)) => decimal(one) / decimal(other),
        None => decimal(text),
    }
}

impl Unit {
    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn dimension(&self) -> Dimension {
        let mut sum = NONE;
        for factor in &self.0 {
            for (sum, exponent) in sum.iter_mut().zip(factor.dimension) {
                *sum += exponent * factor.power;
            }
        }
        sum
    }

    /// How many base units it is.
    pub(super) fn size(&self, arithmetic: &Arithmetic) -> Result<Number> {
        let mut size = Number::from(1);
        for factor in &self.0 {
            let power = arithmetic.power(&factor.size, &Number::from(i64::from(factor.power)))?;
            size = arithmetic.multiply(&size, &power)?;
        }
        Ok(size)
    }

    /// Where a scale of temperature has its zero, in kelvins; none of anything else.
    fn zero(&self) -> Option<Number> {
        let [factor] = self.0.as_slice() else { return None };
        let zero = match factor.symbol.as_str() {
            "°C" => "273.15",
            "°F" => "45967/180",
            "K" => "0",
            _ => return None,
        };
        (factor.power == 1).then(|| Number::Exact(ratio(zero)))
    }

    /// As it is written behind a number: `km`, `m/s`, `kg*m^2/s^2`.
    pub(super) fn text(&self) -> String {
        let part = |positive: bool| {
            let factors = self.0.iter().filter(move |factor| (factor.power > 0) == positive);
            let written = factors.map(|factor| match factor.power.abs() {
                1 => factor.symbol.clone(),
                power => format!("{}^{power}", factor.symbol),
            });
            written.collect::<Vec<_>>()
        };
        let (above, below) = (part(true), part(false));
        match (above.is_empty(), below.as_slice()) {
            (_, []) => above.join("*"),
            (true, [one]) => format!("1/{one}"),
            (true, several) => format!("1/({})", several.join("*")),
            (false, [one]) => format!("{}/{one}", above.join("*")),
            (false, several) => format!("{}/({})", above.join("*"), several.join("*")),
        }
    }
}

impl Quantity {
    pub(super) fn multiply(self, other: Self, arithmetic: &Arithmetic) -> Result<Self> {
        let number = arithmetic.multiply(&self.number, &other.number)?;
        Self {
            number,
            unit: self.unit,
        }
        .joined(other.unit, 1, arithmetic)
    }

    pub(super) fn divide(self, other: Self, arithmetic: &Arithmetic) -> Result<Self> {
        let number = arithmetic.divide(&self.number, &other.number)?;
        Self {
            number,
            unit: self.unit,
        }
        .joined(other.unit, -1, arithmetic)
    }

    /// Takes units up, each converted to one of its kind that is there already.
    fn joined(mut self, units: Unit, sign: i16, arithmetic: &Arithmetic) -> Result<Self> {
        for factor in units.0 {
            let power = factor.power * sign;
            let Some(known) = self
                .unit
                .0
                .iter_mut()
                .find(|known| known.dimension == factor.dimension)
            else {
                self.unit.0.push(Factor { power, ..factor });
                continue;
            };
            known.power += power;
            if known.power.abs() > POWER_MAX {
                return Err(CalculationError::too_large(format!(
                    "units have powers up to {POWER_MAX} here"
                )));
            }
            if known.symbol != factor.symbol {
                let ratio = arithmetic.divide(&factor.size, &known.size)?;
                let ratio = arithmetic.power(&ratio, &Number::from(i64::from(power)))?;
                self.number = arithmetic.multiply(&self.number, &ratio)?;
            }
        }
        self.unit.0.retain(|factor| factor.power != 0);
        if self.unit.0.len() > FACTORS_MAX {
            return Err(CalculationError::too_large(format!(
                "a quantity has up to {FACTORS_MAX} units here"
            )));
        }
        // What cancels out, as in N/(kg*m/s^2), is a plain number.
        if !self.unit.is_none() && self.unit.dimension() == NONE {
            self.number = arithmetic.multiply(&self.number, &self.unit.size(arithmetic)?)?;
            self.unit = Unit::default();
        }
        Ok(self)
    }

    /// The sum, in the unit of the first.
    pub(super) fn add(self, other: Self, arithmetic: &Arithmetic) -> Result<Self> {
        let other = other.scaled(&self.unit, "added", arithmetic)?;
        Ok(Self {
            number: arithmetic.add(&self.number, &other.number)?,
            unit: self.unit,
        })
    }

    pub(super) fn negated(self) -> Self {
        Self {
            number: self.number.negated(),
            unit: self.unit,
        }
    }

    /// The same in another unit: temperatures as points of a scale.
    pub(super) fn converted(self, unit: &Unit, arithmetic: &Arithmetic) -> Result<Self> {
        let (Some(from), Some(to)) = (self.unit.zero(), unit.zero()) else {
            return self.scaled(unit, "converted", arithmetic);
        };
        let kelvins = arithmetic.multiply(&self.number, &self.unit.size(arithmetic)?)?;
        let kelvins = arithmetic.add(&kelvins, &from)?;
        if arithmetic.sign(&kelvins) == Ordering::Less {
            return Err(CalculationError::undefined(
                "the temperature is below absolute zero: 0 K, -273.15 °C, -459.67 °F",
            ));
        }
        let kelvins = arithmetic.subtract(&kelvins, &to)?;
        Ok(Self {
            number: arithmetic.divide(&kelvins, &unit.size(arithmetic)?)?,
            unit: unit.clone(),
        })
    }

    /// The same in another unit: temperatures as differences.
    pub(super) fn scaled(self, unit: &Unit, done: &str, arithmetic: &Arithmetic) -> Result<Self> {
        if self.unit.dimension() != unit.dimension() {
            let name = |unit: &Unit| match unit.is_none() {
                true => "a plain number".to_owned(),
                false => format!("`{}`", unit.text()),
            };
            return Err(CalculationError::undefined(format!(
                "{} and {} measure different things and cannot be {done}",
                name(&self.unit),
                name(unit)
            )));
        }
        if self.unit.text() == unit.text() {
            return Ok(self);
        }
        let ratio = arithmetic.divide(&self.unit.size(arithmetic)?, &unit.size(arithmetic)?)?;
        Ok(Self {
            number: arithmetic.multiply(&self.number, &ratio)?,
            unit: unit.clone(),
        })
    }

    /// A power of it; of units whole powers, or roots that leave whole powers.
    pub(super) fn power(self, exponent: &Number, arithmetic: &Arithmetic) -> Result<Self> {
        let number = arithmetic.power(&self.number, exponent)?;
        let mut unit = self.unit;
        for factor in &mut unit.0 {
            let power = arithmetic.multiply(&Number::from(i64::from(factor.power)), exponent)?;
            let power = power.whole().and_then(|power| i16::try_from(power.clone()).ok());
            factor.power = power.filter(|power| power.abs() <= POWER_MAX).ok_or_else(|| {
                CalculationError::undefined(format!(
                    "`{}` to this power is no unit; powers of units are whole numbers up to {POWER_MAX}",
                    factor.symbol
                ))
            })?;
        }
        unit.0.retain(|factor| factor.power != 0);
        Ok(Self { number, unit })
    }

    /// A quantity without a unit, for what asks for plain numbers.
    pub(super) fn plain(self, what: &str) -> Result<Number> {
        if self.unit.is_none() {
            return Ok(self.number);
        }
        let unit = self.unit.text();
        Err(CalculationError::undefined(format!(
            "{what} needs a plain number, and this one counts `{unit}`; divide it by 1 {unit} first"
        )))
    }
}
