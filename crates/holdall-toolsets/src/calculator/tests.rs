use super::number::Arithmetic;
use super::*;

/// The value, marked where it is rounded, or what is wrong.
fn value(expression: &str) -> String {
    match CalculatorToolset::default().value(expression, None) {
        Ok(value) if value.exact => value.result,
        Ok(value) => format!("≈ {}", value.result),
        Err(error) => format!("error: {error}"),
    }
}

fn check(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(expression, expected)| value(expression) != *expected)
        .map(|(expression, expected)| format!("{expression}: {}, expected {expected}", value(expression)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn numbers_are_exact_as_long_as_that_goes() {
    check(&[
        ("0.1 + 0.2", "0.3"),
        ("1/3 + 1/3 + 1/3", "1"),
        ("1/3", "≈ 0.333333333333333"),
        ("-9223372036854775808 / -1", "9223372036854775808"),
        ("2^64 - 1", "18446744073709551615"),
        ("10^400 * 10^-400", "1"),
        ("1e15 + 0.1", "1000000000000000.1"),
        ("2^-40", "0.0000000000009094947017729282379150390625"),
        ("25!", "15511210043330985984000000"),
        ("2^100000", "≈ 9.99002093014385e30102"),
        ("1e5000", "1e5000"),
        ("1,000,000 + .5", "1000000.5"),
        ("1_000 + 0xff + 0b11 + 0o17", "1273"),
        ("½ + ¼", "0.75"),
    ]);
}

#[test]
fn what_comes_first_is_as_people_expect() {
    check(&[
        ("2 + 3 * 4", "14"),
        ("-2^2", "-4"),
        ("2^3^2", "512"),
        ("2^-1", "0.5"),
        ("-3!", "-6"),
        ("2 × 3 ÷ 4 − 1", "0.5"),
        ("2 (3 + 4)", "14"),
        ("(1 + 2)(3 + 4)", "21"),
        ("17 % 5", "2"),
        ("-17 mod 5", "3"),
        ("1 << 10 or 1", "1025"),
        ("0xff and 0x0f xor 1", "14"),
        ("max(1, 2, 10 - 3) + min(4, 5)", "11"),
        ("max(1,000, 2)", "2"),
        ("2 pi", "≈ 6.28318530717959"),
        ("√2 * √2", "≈ 2"),
    ]);
}

#[test]
fn percentages_are_those_of_everyday() {
    check(&[
        ("15% of 80", "12"),
        ("80 + 15%", "92"),
        ("80 - 15%", "68"),
        ("100 - 10% + 5%", "94.5"),
        ("5% + 3%", "0.08"),
        ("(5% + 3%) to %", "8%"),
        ("200 * 10%", "20"),
        ("0.15 to %", "15%"),
        ("1/8 in percent", "12.5%"),
        ("12.5% of 1,840 + 99", "329"),
    ]);
    let sum = CalculatorToolset::default().value("50 + 30 + 15%", None).unwrap();
    assert_eq!(sum.notes, ["the percentage is taken of `50 + 30`"]);
}

#[test]
fn functions_are_rounded_rightly_and_exact_where_they_can_be() {
    check(&[
        ("sqrt(16)", "4"),
        ("sqrt(1/9) * 3", "1"),
        ("sqrt(2)", "≈ 1.4142135623731"),
        ("cbrt(-27)", "-3"),
        ("root(-32, 5)", "-2"),
        ("log(1000)", "3"),
        ("log2(2^2000)", "2000"),
        ("log(81, 3)", "4"),
        ("log(1e10000)", "10000"),
        ("ln(e)", "≈ 1"),
        ("exp(0)", "1"),
        ("exp(1e-9999)", "≈ 1"),
        ("sin(30 deg)", "0.5"),
        ("sin(30°)", "0.5"),
        ("sin(pi)", "≈ 0"),
        ("cos(pi)", "≈ -1"),
        ("tan(45 deg)", "1"),
        ("sin(1e30)", "≈ -0.0901169019121381"),
        ("10^0.001", "≈ 1.0023052380779"),
        ("1.05^(1/12)", "≈ 1.00407412378365"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(3.14159, 2)", "3.14"),
        ("floor(-2.5)", "-3"),
        ("gcd(12, 18) + lcm(4, 6)", "18"),
        ("choose(50, 6)", "15890700"),
        ("nPr(10, 3)", "720"),
        ("hypot(3, 4)", "5"),
        ("mean(1, 2)", "1.5"),
        ("median(3, 1, 2, 10)", "2.5"),
        ("stdev(2, 4, 4, 4, 5, 5, 7, 9)", "≈ 2.1380899352994"),
        ("sqrt(2)^2 - 2", "≈ 0"),
        ("sin(sqrt(2) * 1e-40)", "≈ 1.4142135623731e-40"),
    ]);
    // The first digits of a table, not of another program.
    let pi = CalculatorToolset::default().value("pi to 50 dp", None).unwrap();
    assert_eq!(pi.result, "3.14159265358979323846264338327950288419716939937511");
    let root = CalculatorToolset::default().value("sqrt(2)", Some(40)).unwrap();
    assert_eq!(root.result, "1.41421356237309504880168872420969807857");
}

#[test]
fn whole_numbers_of_rounded_ones_are_those_of_their_values() {
    check(&[
        ("floor(exp(ln(8)))", "≈ 8"),
        ("floor(sqrt(5)^2)", "≈ 5"),
        ("ceil(cbrt(2)^3)", "≈ 2"),
        ("round(sqrt(2)^2 / 4)", "≈ 1"),
        ("trunc(-(sqrt(5)^2))", "≈ -5"),
        ("floor(-(sqrt(5)^2))", "≈ -5"),
        ("sign(sqrt(1 - sqrt(3)^2/3))", "≈ 0"),
        ("sqrt(1 - sqrt(3)^2/3)", "≈ 0"),
        ("(sqrt(2)^2 - 2)^2", "≈ 0"),
        ("cos(sqrt(2)^2 - 2)", "≈ 1"),
        ("asin(sqrt(2)^2 / 2) - pi / 2", "≈ 0"),
        ("-7 mod sqrt(5)^2", "≈ 3"),
        // Whole numbers that are certain stay exact.
        ("floor(pi)", "3"),
        ("ceil(sqrt(5))", "3"),
        ("floor(8 - 1e-40 * sqrt(2))", "7"),
        ("ceil(exp(-100000))", "1"),
        ("sign(sqrt(2) - 1.41421356237309504880168872420969807)", "1"),
        (
            "floor(pi * 10^50)",
            "314159265358979323846264338327950288419716939937510",
        ),
        ("log(32, 4)", "≈ 2.5"),
        ("max(1, 1 + 1e-50 * sqrt(2))", "≈ 1"),
    ]);
    let zero = CalculatorToolset::default().value("sin(pi)", None).unwrap();
    assert_eq!(
        zero.notes,
        ["what 960 digits do not tell from zero is taken for zero"]
    );
}

#[test]
fn digits_that_cancel_out_are_calculated_once_more() {
    check(&[
        ("(1+1e-50)^(1e50)", "≈ 2.71828182845905"),
        ("(1+1e-100)^(1e100)", "≈ 2.71828182845905"),
        ("(1+1e-300)^(1e300)", "≈ 2.71828182845905"),
        ("ln(1+1e-40)", "≈ 1e-40"),
        ("ln(1+1e-300)", "≈ 1e-300"),
        ("sqrt(1+1e-40)-1", "≈ 5e-41"),
        (
            "sqrt(2)-1.41421356237309504880168872420969807",
            "≈ 8.56967187537695e-36",
        ),
        (
            "tan(89.999999999999999999999999999999999999999999999 deg)",
            "≈ 5.72957795130823e46",
        ),
        ("(1 - cos(1e-40)) * 1e80", "≈ 0.5"),
        ("1/(sqrt(1+1e-40)-1)", "≈ 2e40"),
        ("exp(1e-60) - 1", "≈ 1e-60"),
        ("acosh(1 + 1e-60)", "≈ 1.4142135623731e-30"),
        ("(1+1e-310)^(1e309)", "≈ 1.10517091807565"),
        ("atanh(1 - 1e-60)", "≈ 69.4241263801013"),
        ("2^1e-9 - 1", "≈ 6.93147180800172e-10"),
        (
            "e^1000 to 3 dp",
            "≈ 197007111401704699388887935224332312531693798532384578995280299138506385078244119347497807656302688993096381798752022693598298173054461289923262783660152825232320535169584566756192271567602788071422466826314006855168508653497941660316045367817938092905299728580132869945856470286534375900456564355589156220422320260518826112288638358372248724725214506150418881937494100871264232248436315760560377439930623959705844189509050047074217568.227",
        ),
        // What no digits would tell.
        (
            "(1+1e-5000)^(1e5000)",
            "error: the digits of the result are not certain: numbers on the way are so nearly equal, or so large, that 120 digits do not tell",
        ),
        ("1/(sqrt(2)^2 - 2)", "error: division by zero has no result"),
    ]);
}

#[test]
fn units_are_converted_and_kept_apart() {
    check(&[
        ("10 km to miles", "≈ 6.21371192237334 mi"),
        ("5 feet 10 inches to cm", "177.8 cm"),
        ("5'10\" to cm", "177.8 cm"),
        ("3\"", "3 in"),
        ("5 in in cm", "12.7 cm"),
        ("5 m in in", "≈ 196.850393700787 in"),
        ("5.08 km in in", "200000 in"),
        ("1/2 ft in in", "6 in"),
        ("(5.08 m in in) * 2", "400 in"),
        ("2 in in in", "2 in"),
        ("2.54 m/s in in/s", "100 in/s"),
        ("5.08 m in in to 2 dp", "200.00 in"),
        ("60 mph to km/h", "96.56064 km/h"),
        ("60 km / 2 h", "30 km/h"),
        ("1/2 kg", "0.5 kg"),
        ("2 h 30 min to min", "150 min"),
        ("20 °C to °F", "68 °F"),
        ("-40 F to C", "-40 °C"),
        ("20 C + 5 C", "25 °C"),
        ("1 GB to MiB", "953.67431640625 MiB"),
        ("3 kWh / 2 h to W", "1500 W"),
        ("9.81 m/s^2 * 70 kg to N", "686.7 N"),
        ("sqrt(4 m²)", "2 m"),
        ("1 nautical mile to km", "1.852 km"),
        ("max(1 km, 500 m)", "1 km"),
        ("10 km / 5 m", "2000"),
        ("180 deg to rad", "≈ 3.14159265358979 rad"),
        ("12 million", "12000000"),
        ("asin(0.5) to degrees", "≈ 30 deg"),
        ("atan2(1, 1) to degrees", "≈ 45 deg"),
        ("1 fl oz to ml", "29.5735295625 mL"),
        ("8 fl oz + 1 cup to cup", "2 cup"),
        ("-273.15 °C to K", "0 K"),
        (
            "-300 °C to K",
            "error: the temperature is below absolute zero: 0 K, -273.15 °C, -459.67 °F",
        ),
        (
            "1 kg + 1 m",
            "error: `m` and `kg` measure different things and cannot be added",
        ),
        (
            "5 km to kg",
            "error: `km` and `kg` measure different things and cannot be converted",
        ),
        (
            "2^(1 kg)",
            "error: an exponent needs a plain number, and this one counts `kg`; divide it by 1 kg first",
        ),
    ]);
}

#[test]
fn every_unit_is_known_by_all_its_names_and_weighs_something() {
    let arithmetic = Arithmetic::new(30, 1_000_000);
    for name in units::names() {
        let unit = units::named(name, &arithmetic).unwrap_or_else(|| panic!("{name}"));
        let size = unit.unit.size(&arithmetic).unwrap();
        assert!(!size.is_zero() && !size.is_negative(), "{name}");
    }
}

#[test]
fn results_are_written_as_they_were_asked_for() {
    check(&[
        ("255 to hex", "0xff"),
        ("-5 to binary", "-0b101"),
        ("12 to base 7", "15"),
        ("0.75 to fraction", "3/4"),
        ("2/3 to 3 dp", "≈ 0.667"),
        ("2 to 2 dp", "2.00"),
        ("123456 to 3 sf", "≈ 123000"),
        (
            "1.5 to hex",
            "error: only whole numbers are written in other bases here",
        ),
        ("pi to fraction", "error: a rounded number is no exact fraction"),
        ("1e-30", "0.000000000000000000000000000001"),
        ("1e-30/3", "≈ 3.33333333333333e-31"),
    ]);
}

#[test]
fn mistakes_are_named_with_their_place() {
    check(&[
        (
            "",
            "error: `end of the expression` at position 1: a number is missing here",
        ),
        (
            "2 + * 3",
            "error: `*` at position 5: a number, a name or `(` belongs here",
        ),
        ("(1 + 2", "error: `(` at position 1: there is no `)` for it"),
        ("1 + 2)", "error: `)` at position 6: there is no `(` for it"),
        (
            "1 2",
            "error: `2` at position 3: an operator is missing in front of it, such as + or *",
        ),
        (
            "max(1)(",
            "error: `end of the expression` at position 8: a number is missing here",
        ),
        (
            "sin 30°",
            "error: `sin` at position 1: write what it is of in parentheses, as in sin(…)",
        ),
        (
            "6/2(1+2)",
            "error: `(` at position 4: it is unclear what is divided by what; write a/(b*(c)) or (a/b)*(c)",
        ),
        (
            "3 < 4",
            "error: `<` at position 3: nothing is compared here; subtract and look at the sign",
        ),
        ("gcd(1.5, 2)", "error: `gcd` takes whole numbers"),
        ("pow(2)", "error: `pow` takes 2 arguments, not 1"),
        (
            "sqrt(-1)",
            "error: an even root of a negative number is no real number",
        ),
        ("ln(0)", "error: only numbers above zero have a logarithm"),
        ("tan(pi/2)", "error: the tangent of a right angle is infinite"),
        ("tan(90 deg)", "error: the tangent of a right angle is infinite"),
        ("0^0", "error: 0^0 has no value everybody agrees on"),
    ]);
    for (expression, expected) in [
        ("sqr(4)", "did you mean `sqrt`?"),
        ("5 mile + 3 kilometr", "did you mean `kilometer`?"),
        ("100 EUR to USD", "rates of currencies"),
        ("2d6", "no random numbers"),
        ("random", "no random numbers"),
        ("today", "the clock tools"),
        ("1 ton", "there are several tons"),
        (
            "5 KB",
            "write kB (bytes, by 1000), KiB (bytes, by 1024) or kbit (bits)",
        ),
        ("5 Mb to MB", "or Mbit (bits)"),
        ("100 Mbps", "or Mbit/s (bits)"),
    ] {
        match CalculatorToolset::default().value(expression, None) {
            Err(CalculationError::Unknown { hint, .. }) => {
                assert!(hint.contains(expected), "{expression}: {hint}")
            }
            other => panic!("{expression}: {other:?}"),
        }
    }
}

#[test]
fn what_would_take_for_ever_is_refused_with_a_reason() {
    let long = CalculatorToolset {
        config: CalculatorConfig {
            expression_chars_max: 1_000_000,
            ..CalculatorConfig::default()
        },
    };
    for expression in [
        "(".repeat(100_000),
        format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        "-".repeat(100_000),
        "√".repeat(100_000),
        "2^".repeat(50_000),
        "sqrt(".repeat(10_000),
        "9".repeat(100_000),
        format!("2{}", "⁹".repeat(10_000)),
        "9^9^9".into(),
        "100000!".into(),
        "5000!!".into(),
        "1e99999999999".into(),
        "1e10000 * 1e10000 * 1e10000".into(),
        "10^-1000000".into(),
        "e^1000000".into(),
        "1 << 100000000".into(),
        "sinh(1e9)".into(),
        "sin(1e1001)".into(),
        "choose(1000000, 500000)".into(),
        "m^30 * m^30".into(),
        format!("1{}", "*5000!".repeat(100)),
        format!("0{}", "+sin(1.1)".repeat(50_000)),
        format!("0{}", "+1/3".repeat(100_000)),
    ] {
        match long.value(&expression, Some(1_000)) {
            Err(CalculationError::TooLarge(_)) => {}
            other => panic!("{expression:.30}: {other:?}"),
        }
    }
    // A sum that is long and no more than that has a result.
    assert_eq!(value(&format!("1{}", "+1".repeat(999))), "1000");
}

#[test]
fn what_is_no_expression_is_refused_whatever_it_is() {
    for expression in [
        "\u{0}",
        "\u{202e}1+1",
        "😀",
        "١+٢",
        "\\x.x x",
        "a = 5",
        "\"a\" * 3",
        "'",
        "{}",
        "[1]",
        "1;2",
        "@2020-01-01",
        "∞",
        "NaN",
        "1..2",
        "1.2.3",
        "1,2,3,4",
        "0x",
        "to to to",
        "in",
        "%",
        "!",
        "()",
        "max()",
        "1e",
        "e e e)",
    ] {
        if let Ok(value) = CalculatorToolset::default().value(expression, None) {
            assert!(["in", "1e", "'"].contains(&expression), "{expression}: {value:?}");
        }
    }
}

#[test]
fn precision_rounds_what_is_exact_too() {
    let value = |expression: &str, digits: usize| {
        let value = CalculatorToolset::default()
            .value(expression, Some(digits))
            .unwrap();
        (value.result, value.exact)
    };
    assert_eq!(value("0.1 + 0.2", 50), ("0.3".into(), true));
    assert_eq!(value("123456", 3), ("123000".into(), false));
    assert_eq!(value("1/7", 20), ("0.14285714285714285714".into(), false));
    assert_eq!(
        value("2^100", 31),
        ("1267650600228229401496703205376".into(), true)
    );
    assert_eq!(value("9.99", 1), ("10".into(), false));
}
