//! The URIs of resources: fixed ones, and templates with variables (RFC 6570, levels 1 to 3, and `*`).

/// A variable of a template.
pub(crate) struct Variable {
    pub(crate) name: String,
    /// Whether it stands in the query, and may be left out.
    pub(crate) in_query: bool,
}

/// The variables of a URI, or what is wrong with it.
pub(crate) fn variables(uri: &str) -> Result<Vec<Variable>, String> {
    let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !is_scheme {
        return Err(format!(
            "`{uri}` is not a URI: it needs a scheme, as in `config://app`"
        ));
    }
    let mut variables: Vec<Variable> = Vec::new();
    let mut rest = uri;
    while let Some(open) = rest.find('{') {
        let (literal, after) = (&rest[..open], &rest[open + 1..]);
        if literal.contains('}') {
            return Err(format!("`{uri}` has a `}}` without `{{`"));
        }
        let Some(close) = after.find('}') else {
            return Err(format!("`{uri}` has a `{{` without `}}`"));
        };
        let expression = &after[..close];
        if !variables.is_empty() && literal.is_empty() && !expression.starts_with(['/', '?', '&', '#', '.']) {
            return Err(format!(
                "`{uri}` has two variables with nothing between to tell them apart; write a `/` between them"
            ));
        }
        add(uri, expression, &mut variables)?;
        rest = &after[close + 1..];
    }
    if rest.contains('}') {
        return Err(format!("`{uri}` has a `}}` without `{{`"));
    }
    Ok(variables)
}

fn add(uri: &str, expression: &str, variables: &mut Vec<Variable>) -> Result<(), String> {
    let operator = expression
        .chars()
        .next()
        .filter(|first| "+#./;?&".contains(*first));
    if operator == Some(';') {
        return Err(format!(
            "`{uri}` uses `{{;…}}`, which is not supported; use `{{?…}}`"
        ));
    }
    let names = &expression[operator.map_or(0, char::len_utf8)..];
    for name in names.split(',') {
        let name = name.strip_suffix('*').unwrap_or(name);
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(format!(
                "`{uri}` has a variable named `{name}`; use letters, digits and `_`"
            ));
        }
        if variables.iter().any(|known| known.name == name) {
            return Err(format!("`{uri}` has the variable `{name}` twice"));
        }
        variables.push(Variable {
            name: name.to_owned(),
            in_query: matches!(operator, Some('?' | '&')),
        });
    }
    Ok(())
}
