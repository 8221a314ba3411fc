//! Reads Rust just well enough to know which paths a file names: no syntax tree, but comments, strings and test modules are
//! gone, and `use` trees are spread out.

/// A Rust file without comments, strings and test modules.
pub struct Source {
    /// Relative to the project, with `/`.
    pub name: String,
    /// `src/policy/tokio.rs` is `policy`, `tokio`; `src/lib.rs` is empty.
    pub modules: Vec<String>,
    code: String,
}

/// A path as the code writes it, and the line of its last word.
pub struct NamedPath {
    pub line: usize,
    pub segments: Vec<String>,
}

impl Source {
    pub fn new(name: &str, text: &str) -> Self {
        let stem = name.trim_start_matches("src/").trim_end_matches(".rs");
        let modules = stem.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).map(String::from).collect();
        Self { name: name.into(), modules, code: without_tests(&without_comments_and_strings(text)) }
    }

    /// The top-level module of this crate that a path leads to, if it leads to one.
    pub fn module_named_by(&self, segments: &[String]) -> Option<String> {
        match segments.first()?.as_str() {
            "crate" | "dandori" => segments.get(1).cloned(),
            "super" => {
                let ups = segments.iter().take_while(|segment| *segment == "super").count();
                // One `super` more than there are modules happens in a module inside the file: it stays below the root.
                let mut absolute = self.modules[..self.modules.len().saturating_sub(ups)].to_vec();
                absolute.extend_from_slice(&segments[ups..]);
                absolute.into_iter().next()
            }
            _ => None,
        }
    }

    /// Every path in the code, `use` trees spread out: `a::{b, c::d}` is `a::b` and `a::c::d`. A bare name is a path too.
    pub fn paths(&self) -> Vec<NamedPath> {
        let (mut found, mut prefixes, mut current) =
            (Vec::new(), Vec::<Option<Vec<String>>>::new(), Vec::<String>::new());
        let (mut line, mut joined) = (1, false);
        let mut chars = self.code.chars().peekable();
        let base =
            |prefixes: &Vec<Option<Vec<String>>>| prefixes.iter().rev().flatten().next().cloned().unwrap_or_default();
        while let Some(c) = chars.next() {
            if c.is_alphanumeric() || c == '_' {
                let mut word = String::from(c);
                while let Some(next) = chars.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    word.push(next);
                }
                if !joined {
                    // Inside the braces of a use tree a path goes on from what stands before the brace.
                    current = if matches!(prefixes.last(), Some(Some(_))) { base(&prefixes) } else { Vec::new() };
                }
                current.push(word);
                joined = false;
                // The longest form is kept: a path that goes on replaces its own beginning.
                if chars.peek() != Some(&':') {
                    found.push(NamedPath { line, segments: current.clone() });
                }
            } else if c == ':' && chars.peek() == Some(&':') {
                chars.next();
                joined = !current.is_empty();
            } else if c == '{' {
                prefixes.push(if joined { Some(current.clone()) } else { None });
                joined = false;
            } else if c == '}' {
                prefixes.pop();
                joined = false;
            } else if c == '\n' {
                line += 1;
            } else if !c.is_whitespace() {
                joined = false;
            }
        }
        found
    }
}

/// The same lines, with comments and the insides of strings blanked.
fn without_comments_and_strings(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(hashes) =
            raw_string(rest).filter(|_| !out.ends_with(|before: char| before.is_alphanumeric() || before == '_'))
        {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = rest.find('"').map_or(rest.len(), |quote| quote + 1);
            rest[start..].find(&end).map_or(rest.len(), |close| start + close + end.len())
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && (rest[1..].starts_with('\\') || rest[1..].chars().nth(1) == Some('\'')) {
            quoted(rest, '\'')
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        out.push(' ');
        out.extend(rest[..skip].chars().filter(|skipped| *skipped == '\n'));
        rest = &rest[skip..];
    }
    out
}

/// The number of `#` when a raw string begins here.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = true; // the opening quote does not close
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// The same lines without the `#[cfg(test)]` modules at the left margin; rustfmt sets their end at the left margin too.
fn without_tests(code: &str) -> String {
    let (mut out, mut about_to, mut inside) = (String::new(), false, false);
    for line in code.lines() {
        let is_test_cfg = line.starts_with("#[cfg(") && line.contains("test") && !line.contains("not(test");
        let is_module = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ").starts_with("mod ");
        if inside {
            inside = line != "}";
        } else if about_to && is_module && line.trim_end().ends_with('{') {
            inside = true;
        } else {
            out.push_str(line);
        }
        about_to = is_test_cfg || about_to && (line.starts_with("#[") || line.trim().is_empty());
        out.push('\n');
    }
    out
}
