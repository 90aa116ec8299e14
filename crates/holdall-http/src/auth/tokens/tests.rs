use std::time::Duration;

use super::*;
use holdall::Secret;

fn file() -> (tempfile::TempDir, TokenFile) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::at(folder.path().join("tokens.toml"));
    (folder, file)
}

fn good_key() -> Secret {
    Secret::new("correct horse battery")
}

#[test]
fn a_token_is_told_once_and_kept_hashed() {
    let (_folder, file) = file();
    let (token, made) = file
        .create(NewToken::new("ada").scopes(["notes:read"]))
        .expect("it is made");
    let text = std::fs::read_to_string(file.path()).expect("a file");
    assert!(!text.contains(&token.expose()[5..]), "{text}");
    assert!(text.contains("hash = \"sha256:"), "{text}");
    assert!(!format!("{token:?} {made:?}").contains(&token.expose()[5..]));
    assert_eq!(file.list().expect("it is in order"), [made]);

    let tokens = Tokens::open(file.path()).expect("it is in order");
    let ada = tokens.holder_of_token(token.expose()).expect("it is good");
    assert_eq!(*ada.principal(), Principal::new("token:ada", ["notes:read"]));
    let other = generate::token();
    assert_eq!(tokens.holder_of_token(other.expose()), Err(Rejected::Unknown));
    assert_eq!(tokens.holder_of_token("hold_x"), Err(Rejected::Damaged));
}

#[test]
fn expired_and_revoked_tokens_are_good_no_longer() {
    let (_folder, file) = file();
    let soon = SystemTime::now() + Duration::from_secs(3600);
    let past = SystemTime::now() - Duration::from_secs(1);
    let (lasting, _) = file.create(NewToken::new("lasting").expires(soon)).expect("made");
    let (expired, _) = file.create(NewToken::new("expired").expires(past)).expect("made");
    let tokens = Tokens::open(file.path()).expect("it is in order");
    file.create(NewToken::new("endless")).expect("made");
    assert_eq!(tokens.reload().expect("it is in order"), 2, "those that are good");
    assert_eq!(
        tokens.holder_of_token(expired.expose()),
        Err(Rejected::Expired("expired".into()))
    );
    assert!(tokens.holder_of_token(lasting.expose()).is_ok());

    let revoked = file.revoke("lasting").expect("there is one");
    assert_eq!(file.revoke("lasting").expect("it stays revoked"), revoked);
    assert!(tokens.holder_of_token(lasting.expose()).is_ok(), "not read yet");
    assert_eq!(tokens.reload().expect("it is in order"), 1);
    assert_eq!(
        tokens.holder_of_token(lasting.expose()),
        Err(Rejected::Revoked("lasting".into()))
    );
    let taken = file
        .create(NewToken::new("lasting"))
        .expect_err("the name is taken");
    assert!(matches!(taken, TokenError::Taken { .. }), "{taken}");
    let unknown = file.revoke("nobody").expect_err("there is none");
    assert!(
        unknown.to_string().contains("lasting, expired, endless"),
        "{unknown}"
    );
}

#[test]
fn an_entry_tells_whether_it_is_good() {
    let (_folder, file) = file();
    let end = SystemTime::now() + Duration::from_secs(3600);
    let (_, ending) = file.create(NewToken::new("ending").expires(end)).expect("made");
    let (_, endless) = file.create(NewToken::new("endless")).expect("made");
    let end = ending.expires.expect("it was just given");
    let before = end - Duration::from_secs(1);
    assert!(ending.is_good_at(before) && !ending.is_good_at(end));
    assert!(endless.is_good_at(end));
    let revoked = file.revoke("endless").expect("there is one");
    assert!(!revoked.is_good_at(before));
}

#[test]
fn a_star_means_everything_and_nothing_means_nothing() {
    let (_folder, file) = file();
    let (all, _) = file.create(NewToken::new("all").scopes(["*"])).expect("made");
    let (none, _) = file.create(NewToken::new("none")).expect("made");
    let tokens = Tokens::open(file.path()).expect("it is in order");
    let has = |token: &Secret| {
        tokens
            .holder_of_token(token.expose())
            .expect("good")
            .principal()
            .has_scope("any")
    };
    assert!(has(&all) && !has(&none));
}

#[tokio::test]
async fn chosen_keys_are_checked_once_and_then_remembered() {
    let (_folder, file) = file();
    let ada = NewToken::new("ada").scopes(["notes:read"]);
    file.create_key(ada, &good_key()).expect("it is kept");
    let text = std::fs::read_to_string(file.path()).expect("a file");
    assert!(text.contains("$argon2id$") && !text.contains("horse"), "{text}");
    let tokens = Tokens::open(file.path()).expect("it is in order");
    let key = "correct horse battery";
    assert_eq!(tokens.remembered_holder_of_key("ada", key), None);
    assert!(tokens.holder_of_key("ada", key).await.is_ok());
    assert!(
        tokens
            .remembered_holder_of_key("ada", key)
            .expect("by now")
            .is_ok()
    );
    for (name, key) in [("ada", "correct horse"), ("eve", key), ("", key), ("ada", "")] {
        assert_eq!(tokens.remembered_holder_of_key(name, key), None, "{name} {key}");
        assert_eq!(
            tokens.holder_of_key(name, key).await,
            Err(Rejected::Unknown),
            "{name} {key}"
        );
    }
    file.revoke("ada").expect("there is one");
    tokens.reload().expect("it is in order");
    let remembered = tokens
        .remembered_holder_of_key("ada", key)
        .expect("the hash is the same");
    assert_eq!(remembered, Err(Rejected::Revoked("ada".into())));
}

#[test]
fn keys_that_could_be_guessed_are_refused() {
    let (_folder, file) = file();
    for key in [
        "",
        "short",
        "elevenchars",
        " with a space before",
        "täglich ein anderes",
    ] {
        let refused = file.create_key(NewToken::new("ada"), &Secret::new(key));
        assert!(matches!(refused, Err(TokenError::Key { .. })), "{key}");
    }
    assert!(!file.path().exists(), "nothing was written");
    let shortest = Secret::new("twelve chars");
    file.create_key(NewToken::new("ada"), &shortest)
        .expect("long enough");
}

#[test]
fn a_file_that_cannot_be_read_is_not_replaced() {
    let (_folder, file) = file();
    let text = b"[[token]]\nname = \"\xff\"\n";
    std::fs::write(file.path(), text).expect("it is written");
    let error = file.create(NewToken::new("ada")).expect_err("it is no text");
    assert!(matches!(error, TokenError::Read { .. }), "{error}");
    assert_eq!(std::fs::read(file.path()).expect("it is there"), text);
}

#[test]
fn a_file_may_be_as_large_as_it_may_and_no_larger() {
    let (_folder, file) = file();
    let comment = |bytes: usize| format!("#{}", "x".repeat(bytes - 1));
    let write = |bytes| std::fs::write(file.path(), comment(bytes)).expect("it is written");
    let max = 4 * 1024 * 1024;
    write(max);
    assert_eq!(file.list().expect("it is in order"), []);
    write(max + 1);
    let error = file.list().expect_err("one byte too many").to_string();
    assert!(error.contains("more than 4194304 bytes"), "{error}");
}

#[test]
fn all_mistakes_in_a_file_are_named_and_no_hash_is_shown() {
    let (_folder, file) = file();
    let hash = "ab".repeat(32);
    let text = format!(
        "title = 1\n[[token]]\nname = \"a b\"\nhash = \"sha256:{hash}\"\nscope = [\"x\"]\n\
         [[token]]\nhash = \"sha256:{}\"\nexpires = 2027-01-01\nscopes = \"x\"\n\
         [[token]]\nname = \"c\"\nhash = \"$argon2id$v=19$rubbish\"\nscopes = [\"a b\"]\n\
         [[token]]\nname = \"d\"\nhash = \"sha256:{hash}\"\n[[token]]\nname = \"d\"\nhash = \"sha256:{hash}\"\n[[token]]\nname = \"e\"\nhash = \"sha256:{hash}\"\n",
        &hash[1..]
    );
    std::fs::write(file.path(), text).expect("it is written");
    let error = Tokens::open(file.path()).expect_err("it is wrong").to_string();
    for part in [
        "`title` means nothing here",
        "token 1: `scope` means nothing here",
        "token 1: the name is not valid",
        "token 2: `name` is missing",
        "token 2: `hash` is neither",
        "token 2: `expires` is no time",
        "token 2: `scopes` is no list",
        "token 3: the hash is no",
        "token 3: `a b` is not a valid scope",
        "two tokens are called `d`",
        "`e` is the same token as one before",
    ] {
        assert!(error.contains(part), "{part}:\n{error}");
    }
    assert!(!error.contains(&hash[..8]), "{error}");

    std::fs::write(file.path(), format!("[[token]]\nhash = \"sha256:{hash}")).expect("it is written");
    let error = Tokens::open(file.path()).expect_err("it is wrong").to_string();
    assert!(
        error.contains("line 2 is no TOML") && !error.contains(&hash[..8]),
        "{error}"
    );
}

#[test]
fn a_broken_file_leaves_the_tokens_there_were() {
    let (_folder, file) = file();
    let (token, _) = file.create(NewToken::new("ada")).expect("made");
    let tokens = Tokens::open(file.path()).expect("it is in order");
    std::fs::write(file.path(), "rubbish").expect("it is written");
    assert!(tokens.reload().is_err());
    assert!(tokens.holder_of_token(token.expose()).is_ok());
    std::fs::remove_file(file.path()).expect("it was there");
    assert!(matches!(tokens.reload(), Err(TokenError::Read { .. })));
    assert!(matches!(Tokens::open(file.path()), Err(TokenError::Read { .. })));
}

#[test]
fn comments_stay_and_two_writers_lose_nothing() {
    let (_folder, file) = file();
    std::fs::write(file.path(), "# whose tokens these are\n").expect("it is written");
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let file = file.clone();
            std::thread::spawn(move || file.create(NewToken::new(format!("t{n}"))).expect("made"))
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(file.list().expect("it is in order").len(), 8);
    let text = std::fs::read_to_string(file.path()).expect("a file");
    assert!(text.starts_with("# whose tokens these are\n"), "{text}");
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, file) = file();
    file.create(NewToken::new("ada")).expect("made");
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    file.revoke("ada").expect("there is one");
    let mode = std::fs::metadata(file.path())
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, file) = file();
    file.create(NewToken::new("ada")).expect("made");
    for (mode, expected) in [
        (0o600, 0),
        (0o400, 0),
        (0o640, 1),
        (0o604, 1),
        (0o620, 1),
        (0o644, 1),
    ] {
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("it is ours");
        let log = crate::logged::Log::start();
        file.list().expect("in order");
        assert_eq!(
            log.count("others can read the file of tokens"),
            expected,
            "{mode:o}"
        );
    }
}
