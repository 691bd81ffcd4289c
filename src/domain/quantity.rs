//! Amounts with their units: integers, never floating point.
//!
//! A quantity is stored in its small unit (µg, µL, g) and spoken in the clinic's unit (mg, mL, kg) as a decimal
//! string. The hard limits here are what the field cannot physically be, and only they refuse; what is merely
//! unusual is policy and never refuses.

/// Why a text or a number is no amount of this kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuantityError {
    /// Not a plain decimal: no sign, no exponent, no spaces, no superfluous leading zero.
    NotADecimal,
    /// More digits after the point than the unit carries.
    TooManyDecimals {
        /// How many it carries.
        at_most: u32,
    },
    /// Outside what the field can physically be, in the clinic's unit.
    OutOfRange {
        /// The least.
        min: String,
        /// The most.
        max: String,
    },
}

impl QuantityError {
    /// The stable code of a field error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotADecimal => "decimal",
            Self::TooManyDecimals { .. } => "decimals",
            Self::OutOfRange { .. } => "range",
        }
    }
}

impl std::fmt::Display for QuantityError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotADecimal => f.write_str("must be a decimal number written as a string, such as \"0.5\""),
            Self::TooManyDecimals { at_most } => write!(f, "must have at most {at_most} digits after the point"),
            Self::OutOfRange { min, max } => write!(f, "must be between {min} and {max}"),
        }
    }
}

impl std::error::Error for QuantityError {}

/// An exact amount, kept as a whole number of its small unit.
pub trait Amount: Copy + Ord + std::fmt::Display {
    /// The clinic's unit, as in a field name: `mg`, `ml_per_h`.
    const UNIT: &'static str;
    /// How many small units make one of the clinic's: 1000, 10 or 1.
    const SCALE: i64;
    /// The least, in small units.
    const LEAST: i64;
    /// The most, in small units.
    const MOST: i64;

    /// Wraps a number that was checked already. Not public API: use [`Amount::new`].
    fn wrap(small: i64) -> Self;

    /// The whole number of small units.
    fn get(self) -> i64;

    /// The same, borrowed: what the database binds.
    fn small(&self) -> &i64;

    /// From small units.
    ///
    /// # Errors
    /// When it is outside [`Amount::LEAST`] and [`Amount::MOST`].
    fn new(small: i64) -> Result<Self, QuantityError> {
        if (Self::LEAST..=Self::MOST).contains(&small) {
            Ok(Self::wrap(small))
        } else {
            Err(QuantityError::OutOfRange {
                min: decimal(Self::LEAST, Self::SCALE),
                max: decimal(Self::MOST, Self::SCALE),
            })
        }
    }

    /// From small units, held inside the limits; for results of arithmetic on values that were in range.
    fn clamped(small: i64) -> Self {
        Self::wrap(small.clamp(Self::LEAST, Self::MOST))
    }

    /// Reads the wire form, for example `"0.5"`.
    ///
    /// # Errors
    /// When it is no plain decimal, has too many decimals, or is out of range.
    fn parse(text: &str) -> Result<Self, QuantityError> {
        Self::new(parse_decimal(text, Self::SCALE)?)
    }
}

/// Reads `(0|[1-9]\d{0,8})(\.\d+)?` as a whole number of the small unit.
fn parse_decimal(text: &str, scale: i64) -> Result<i64, QuantityError> {
    let places = scale.ilog10();
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(QuantityError::NotADecimal),
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || whole.len() > 9 || leading_zero || !digits(whole) || !digits(fraction) {
        return Err(QuantityError::NotADecimal);
    }
    if fraction.len() > places as usize {
        return Err(QuantityError::TooManyDecimals { at_most: places });
    }
    let number =
        |part: &str| if part.is_empty() { Ok(0) } else { part.parse::<i64>().map_err(|_| QuantityError::NotADecimal) };
    let missing = places.saturating_sub(u32::try_from(fraction.len()).unwrap_or(places));
    Ok(number(whole)? * scale + number(fraction)? * 10_i64.pow(missing))
}

/// Shows small units in the clinic's unit, without trailing zeros.
fn decimal(small: i64, scale: i64) -> String {
    if scale == 1 {
        return small.to_string();
    }
    let places = scale.ilog10() as usize;
    let (sign, size) = (if small < 0 { "-" } else { "" }, small.unsigned_abs());
    let (whole, rest) = (size / scale.unsigned_abs(), size % scale.unsigned_abs());
    let text = format!("{sign}{whole}.{rest:0places$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

macro_rules! amounts {
    ($($(#[$doc:meta])* $name:ident = $unit:literal, scale $scale:literal, $least:literal ..= $most:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(i64);

        impl Amount for $name {
            const UNIT: &'static str = $unit;
            const SCALE: i64 = $scale;
            const LEAST: i64 = $least;
            const MOST: i64 = $most;
            fn wrap(small: i64) -> Self { Self(small) }
            fn get(self) -> i64 { self.0 }
            fn small(&self) -> &i64 { &self.0 }
        }

        /// The wire form, in the clinic's unit, without trailing zeros.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&decimal(self.0, Self::SCALE)) }
        }
    )+};
}

// Hard limits: clinical.md 1 (plausibility) and 3.2 (products).
amounts! {
    /// A mass of drug in micrograms; spoken in mg. A vial holds at most 1000 mg.
    Micrograms = "mg", scale 1000, 0..=10_000_000;
    /// A drug concentration in µg/mL; spoken in mg/mL. The strongest vial is 100 mg/mL.
    MicrogramsPerMillilitre = "mg_per_ml", scale 1000, 1..=100_000;
    /// A pump rate in µL/h; spoken in mL/h. Pumps step by 0.1 mL/h and end at 1200 mL/h.
    MicrolitresPerHour = "ml_per_h", scale 1000, 0..=1_200_000;
    /// A volume in µL; spoken in mL.
    Microlitres = "ml", scale 1000, 0..=2_000_000;
    /// A body weight in grams; spoken in kg.
    Grams = "kg", scale 1000, 30_000..=300_000;
    /// A height in millimetres; spoken in cm.
    Millimetres = "cm", scale 10, 1_000..=2_300;
    /// A dose for each kilogram in µg/kg; spoken in mg/kg.
    MicrogramsPerKilogram = "mg_per_kg", scale 1000, 0..=20_000;
    /// A dose rate for each kilogram in µg/kg/h; spoken in mg/kg/h.
    MicrogramsPerKilogramHour = "mg_per_kg_per_h", scale 1000, 0..=50_000;
    /// A mass of drug each hour in µg/h; spoken in mg/h.
    MicrogramsPerHour = "mg_per_h", scale 1000, 0..=120_000_000;
    /// A dose rate in ng/kg/min; spoken in µg/kg/min.
    NanogramsPerKilogramMinute = "mcg_per_kg_per_min", scale 1000, 0..=1_000_000;
    /// A body temperature in tenths of a degree Celsius; spoken in °C.
    TenthsCelsius = "c", scale 10, 300..=430;
    /// An oxygen flow in mL/min; spoken in L/min.
    OxygenMillilitresPerMinute = "l_per_min", scale 1000, 0..=15_000;
}

// Whole numbers as read from the monitor; clinical.md 1.
amounts! {
    /// Systolic blood pressure in mmHg.
    Systolic = "mmhg", scale 1, 50..=300;
    /// Diastolic blood pressure in mmHg; below the systolic.
    Diastolic = "mmhg", scale 1, 20..=200;
    /// Heart rate in beats a minute.
    HeartRate = "per_min", scale 1, 20..=250;
    /// Breaths a minute. Zero is apnoea: it can happen, so it can be charted.
    RespiratoryRate = "per_min", scale 1, 0..=60;
    /// Oxygen saturation in percent.
    OxygenSaturation = "percent", scale 1, 40..=100;
}

impl MicrogramsPerKilogram {
    /// The dose for this weight, rounded half up to a whole microgram: `mg/kg × kg = mg`.
    pub fn for_weight(self, weight: Grams) -> Micrograms {
        let micrograms = (i128::from(self.0) * i128::from(weight.0) * 2 + 1000) / 2000;
        Micrograms::clamped(i64::try_from(micrograms).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_decimal_is_read_exactly() {
        assert_eq!(Micrograms::parse("35.25"), Ok(Micrograms(35_250)));
        assert_eq!(Micrograms::parse("0"), Ok(Micrograms(0)));
        assert_eq!(Grams::parse("70.5").unwrap().to_string(), "70.5");
        assert_eq!(TenthsCelsius::parse("37.2").unwrap().get(), 372);
    }

    #[test]
    fn what_is_no_plain_decimal_is_refused() {
        for text in ["", ".", ".5", "5.", "-1", "+1", "1e3", "01", "1,5", " 1", "1 ", "١", "NaN", "9999999999"] {
            assert_eq!(Micrograms::parse(text), Err(QuantityError::NotADecimal), "{text}");
        }
        assert_eq!(Micrograms::parse("0.1234"), Err(QuantityError::TooManyDecimals { at_most: 3 }));
        assert_eq!(Grams::parse("29.999").map_err(|e| e.code()), Err("range"));
    }

    #[test]
    fn a_dose_by_weight_is_exact() {
        let half = MicrogramsPerKilogram::parse("0.5").unwrap();
        assert_eq!(half.for_weight(Grams::parse("70").unwrap()).to_string(), "35");
        assert_eq!(half.for_weight(Grams::parse("70.5").unwrap()).to_string(), "35.25");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back_unchanged(small in 0_i64..=10_000_000) {
            let amount = Micrograms::new(small).unwrap();
            prop_assert_eq!(Micrograms::parse(&amount.to_string()), Ok(amount));
        }
    }
}
