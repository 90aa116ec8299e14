//! Any text as an expression: a value or an error soon, the same each time, and a value that is exact is read back as it is.

#![no_main]

use std::time::{Duration, Instant};

use holdall_fuzz::split;
use holdall_toolsets::calculator::{Calculation, CalculationError, CalculatorToolset};
use libfuzzer_sys::fuzz_target;

/// Far beyond what a calculation takes, for machines that do other things, too.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is written of a result: its digits, its unit, a sign, a point, a power.
const RESULT_CHARS_MAX: usize = 20_500;
const MESSAGE_CHARS_MAX: usize = 600;

fuzz_target!(|data: &[u8]| {
    let Some((mode, bytes)) = split(data) else { return };
    let text = String::from_utf8_lossy(bytes);
    // As many digits as the first byte says: none asked for, a few, or as many as there may be.
    let precision = match mode {
        0..128 => None,
        128..248 => Some(usize::from(mode - 127)),
        _ => Some(usize::from(mode - 247) * 125),
    };
    let calculator = CalculatorToolset::default();
    let started = Instant::now();
    let result = calculator.value(&text, precision);
    let took = started.elapsed();
    assert!(took < PATIENCE, "{took:?} for {text:?}");
    judge(&text, &result);
    assert_eq!(result, calculator.value(&text, precision), "{text:?}");
    if let Ok(value) = &result
        && value.exact
        && value.unit.is_none()
        && value.result.chars().count() < 900
        && value.result.bytes().all(|byte| b"-.0123456789".contains(&byte))
        && !text.contains("base")
    {
        let again = calculator.value(&value.result, None).expect("a result is an expression");
        // `to 3 dp` writes zeros at the end, which add nothing to the value.
        assert_eq!(significant(&again.result), significant(&value.result), "{text:?}");
    }
});

fn significant(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

fn judge(text: &str, result: &Result<Calculation, CalculationError>) {
    match result {
        Ok(value) => {
            assert_eq!(value.expression, text);
            assert!(!value.result.is_empty() && value.result.chars().count() < RESULT_CHARS_MAX, "{value:?}");
            assert!(value.result.bytes().any(|byte| byte.is_ascii_alphanumeric()), "{value:?}");
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.chars().count() < MESSAGE_CHARS_MAX, "{message}");
            assert!(!message.chars().any(char::is_control), "{message:?}");
        }
    }
}
