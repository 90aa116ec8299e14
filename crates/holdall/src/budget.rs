//! [`ToolBudget`]: what the tools of a server cost the model that is offered them.
//!
//! Clients put name, description and input schema of every tool in front of each conversation. How many tokens that
//! takes depends on the model's tokenizer and on how the client writes tools down, so it can only be estimated.

use serde::Serialize;

use crate::protocol::JsonObject;
use crate::service::Service;

/// What the tools of a server cost a model, estimated: [`Service::tool_budget`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ToolBudget {
    /// Each tool, in the order of listing.
    pub tools: Vec<ToolCost>,
}

/// What one tool costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ToolCost {
    /// The name of the tool.
    pub name: String,
    /// About how many tokens its name, description and input schema take.
    pub tokens: usize,
    /// How many bytes the same take as compact JSON.
    pub bytes: usize,
}

impl ToolBudget {
    /// About how many tokens all tools take together.
    pub fn tokens(&self) -> usize {
        self.tools.iter().map(|tool| tool.tokens).sum()
    }

    /// How many bytes all tools take together.
    pub fn bytes(&self) -> usize {
        self.tools.iter().map(|tool| tool.bytes).sum()
    }
}

impl Service {
    /// What the tools cost a model that is offered all of them, whatever scopes they ask for.
    ///
    /// The numbers are estimates: the tokens of the compact JSON of name, description and input schema, counted by the
    /// runs of letters, digits and signs in it. Compared with `o200k_base`, the published tokenizer of OpenAI's models
    /// since GPT-4o, on 61 tools described in English (those of the reference servers `everything`, `fetch`,
    /// `filesystem`, `git`, `memory`, `sequential-thinking` and `time`, and Holdall's notes), they were off by 2 % on
    /// average and by 9 % at most; for text in other languages by up to a third. Tokenizers of other makers, and what
    /// a client writes around a tool, were not measured.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// /// Greet a person by name.
    /// #[tool]
    /// fn greet(name: String) -> String {
    ///     format!("Hello, {name}!")
    /// }
    ///
    /// let budget = Server::new("greeter").add(tools![greet]).build()?.tool_budget();
    /// assert_eq!(budget.tools[0].name, "greet");
    /// assert!((20..60).contains(&budget.tokens()));
    /// # Ok::<(), holdall::Error>(())
    /// ```
    pub fn tool_budget(&self) -> ToolBudget {
        let listings = self.tool_listings();
        let tools = listings.iter().map(cost).collect();
        ToolBudget { tools }
    }
}

fn cost(listing: &rmcp::model::Tool) -> ToolCost {
    /// What a model is shown of a tool.
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Shown<'a> {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        input_schema: &'a JsonObject,
    }
    let shown = Shown {
        name: &listing.name,
        description: listing.description.as_deref(),
        input_schema: &listing.input_schema,
    };
    let json = serde_json::to_string(&shown).expect("a listing is plain JSON");
    ToolCost {
        name: listing.name.to_string(),
        tokens: tokens(&json),
        bytes: json.len(),
    }
}

/// About how many tokens a text has. Costs are in hundredths of a token.
fn tokens(text: &str) -> usize {
    /// A word of the length most have.
    const WORD: usize = 100;
    /// What each further piece of a long word adds, and how many letters such a piece has.
    const PIECE: usize = 50;
    const PIECE_LETTERS: usize = 8;
    const DIGITS: usize = 100;
    const DIGITS_TOGETHER: usize = 3;
    const SIGNS: usize = 100;
    /// A letter of another alphabet, a character of Chinese, Japanese or Korean, a symbol or an emoji.
    const OTHER_LETTER: usize = 37;
    const IDEOGRAPH: usize = 80;
    const SYMBOL: usize = 150;
    let mut hundredths = 0;
    let mut run = (Run::Blank, 0);
    for c in text.chars() {
        let kind = Run::of(c);
        run = if kind == run.0 {
            (kind, run.1 + 1)
        } else {
            (kind, 0)
        };
        hundredths += match run {
            (Run::Blank, _) => 0,
            (Run::Letters, 0) => WORD,
            (Run::Letters, nth) if nth % PIECE_LETTERS == 0 => PIECE,
            (Run::Digits, nth) if nth % DIGITS_TOGETHER == 0 => DIGITS,
            (Run::Signs, 0) => SIGNS,
            (Run::Letters | Run::Digits | Run::Signs, _) => 0,
            (Run::OtherLetters, _) => OTHER_LETTER,
            (Run::Ideographs, _) => IDEOGRAPH,
            (Run::Symbols, _) => SYMBOL,
        };
    }
    hundredths.div_ceil(100)
}

/// Characters that stand together in a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Blank,
    Letters,
    Digits,
    Signs,
    OtherLetters,
    Ideographs,
    Symbols,
}

impl Run {
    fn of(c: char) -> Self {
        match c {
            _ if c.is_whitespace() => Self::Blank,
            'a'..='z' | 'A'..='Z' => Self::Letters,
            '0'..='9' => Self::Digits,
            _ if c.is_ascii() => Self::Signs,
            // Kana, Hangul, and the blocks of Chinese characters.
            '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}' => Self::Ideographs,
            _ if c.is_alphabetic() => Self::OtherLetters,
            _ => Self::Symbols,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts, how many tokens `o200k_base` makes of them, and by how many per cent the estimate may be off.
    const MEASURED: [(&str, usize, usize); 10] = [
        (
            r#"{"name":"greet","description":"Greet a person by name.","inputSchema":{"type":"object","properties":{"name":{"type":"string","description":"Who to greet."}},"required":["name"],"additionalProperties":false}}"#,
            48,
            10,
        ),
        (
            r#"{"name":"count_words","description":"Count the words of a text. Use it instead of counting yourself.","inputSchema":{"type":"object","properties":{"text":{"type":"string","description":"The text.","minLength":1,"maxLength":20000},"language":{"type":"string","description":"Two letters, such as \"en\".","pattern":"^[a-z]{2}$","default":"en"}},"required":["text"],"additionalProperties":false}}"#,
            94,
            10,
        ),
        (
            "Search the notes by meaning and by words, and get the best passages with path, heading, lines and date.",
            23,
            10,
        ),
        (
            "Durchsucht die Notizen des Nutzers nach Bedeutung und Wörtern und liefert die besten Abschnitte mit Überschrift, Zeilen und Änderungsdatum.",
            33,
            34,
        ),
        (
            "Ищет заметки пользователя по смыслу и по словам и возвращает лучшие отрывки с заголовком, строками и датой.",
            30,
            34,
        ),
        (
            "Αναζητά τις σημειώσεις του χρήστη με βάση το νόημα και τις λέξεις και επιστρέφει τα καλύτερα αποσπάσματα.",
            34,
            34,
        ),
        (
            "按含义和词语搜索用户自己的笔记，并返回带有路径、标题、行号和日期的最佳段落。",
            28,
            34,
        ),
        (
            "ユーザー自身のノートを意味と単語で検索し、パス、見出し、行、日付とともに最適な段落を返します。",
            38,
            34,
        ),
        (
            "사용자의 노트를 의미와 단어로 검색하고 경로, 제목, 줄, 날짜와 함께 가장 좋은 구절을 반환합니다.",
            29,
            34,
        ),
        (
            "يبحث في ملاحظات المستخدم حسب المعنى والكلمات ويعيد أفضل المقاطع مع المسار والعنوان والتاريخ.",
            25,
            34,
        ),
    ];

    #[test]
    fn the_estimate_is_as_good_as_it_says() {
        for (text, measured, per_cent) in MEASURED {
            let estimate = tokens(text);
            let off = estimate.abs_diff(measured) * 100;
            assert!(off <= measured * per_cent, "{estimate}, not {measured}: {text}");
        }
        assert_eq!(tokens(""), 0);
    }
}
