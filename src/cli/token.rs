//! `khlang token`: who may ask over HTTP.

use anyhow::Context as _;
use chrono::{Days, NaiveDate, NaiveTime};
use serde_json::json;

use super::context::CommandContext;
use super::output::{CommandOutcome, print, print_json};
use crate::clock::at_bangkok;
use crate::credentials::{Role, Secret, SecretKind};
use crate::printable::line;
use crate::store::{NewToken, TokenLine};
use crate::units::Units;

/// What stands for a token without an end.
const NEVER: &str = "never";

/// Longest name.
const NAME_CHARS: usize = 80;

/// Calls of `token`.
#[derive(Debug, clap::Subcommand)]
pub enum Args {
    /// Make a token; it is shown once, now
    Create {
        /// province, cup, unit or metrics
        #[arg(long)]
        role: String,
        /// The unit of a unit's token, or the main unit of a CUP's
        #[arg(long)]
        hcode: Option<String>,
        /// Last day (YYYY-MM-DD, C.E.), number of days, or `never`
        /// [default: `http.token_days` days]
        #[arg(long, value_name = "DATE|DAYS")]
        expires: Option<String>,
        /// What to call it: who has it, and where
        #[arg(long, default_value = "")]
        name: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Every token, without its secret
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Make a token worthless, from now on
    Revoke {
        /// Its number
        id: i64,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Runs `khlang token`.
pub fn run(context: &CommandContext, args: &Args) -> anyhow::Result<CommandOutcome> {
    match args {
        Args::Create { role, hcode, expires, name, json } => {
            let wanted =
                TokenRequest { role, hcode: hcode.as_deref(), expires: expires.as_deref(), name };
            create(context, &wanted, *json)
        }
        Args::List { json } => list(context, *json),
        Args::Revoke { id, json } => revoke(context, *id, *json),
    }
}

/// A token as it is asked for.
struct TokenRequest<'a> {
    role: &'a str,
    hcode: Option<&'a str>,
    expires: Option<&'a str>,
    name: &'a str,
}

fn create(
    context: &CommandContext,
    wanted: &TokenRequest<'_>,
    json: bool,
) -> anyhow::Result<CommandOutcome> {
    let config = context.config()?;
    let role = Role::parse(wanted.role).with_context(|| {
        let names = Role::ALL.map(Role::as_str).join(", ");
        format!("{} is no role: {names}", wanted.role)
    })?;
    let units = context.units(&config)?;
    let hcode = unit_of(role, wanted.hcode, &units)?;
    let long = wanted.name.chars().count() > NAME_CHARS || wanted.name.contains(char::is_control);
    anyhow::ensure!(!long, "a name has at most {NAME_CHARS} characters, none of them a control");
    let expires_at = end(context, wanted.expires, config.http.token_days)?;
    let secret = Secret::new(SecretKind::Token)?;
    let (store, by) = (context.access()?, super::context::user());
    let new = NewToken {
        name: wanted.name,
        role,
        hcode: hcode.as_deref(),
        expires_at: expires_at.as_deref(),
        by: &by,
    };
    let id = store.add_token(&new, &secret, &context.clock.stamp())?;
    context.log_change(
        "token create",
        hcode.as_deref(),
        None,
        &format!("token {id}, {}", role.as_str()),
    )?;
    if json {
        print_json(&json!({
            "id": id, "token": secret.reveal(), "role": role, "hcode": hcode,
            "name": wanted.name, "expires_at": expires_at,
        }))?;
        return Ok(CommandOutcome::Ok);
    }
    print(secret.reveal())?;
    let end = expires_at.as_deref().unwrap_or(NEVER);
    print(format!(
        "# {id} {} {} – {end}\n# {}",
        role.as_str(),
        hcode.unwrap_or_default(),
        context.message("cli.keep_the_token")
    ))?;
    Ok(CommandOutcome::Ok)
}

/// The unit of a role that has one, as the list of units knows it.
fn unit_of(role: Role, hcode: Option<&str>, units: &Units) -> anyhow::Result<Option<String>> {
    let Some(hcode) = hcode.map(str::to_ascii_uppercase) else {
        anyhow::ensure!(!role.has_unit(), "the role {} needs --hcode", role.as_str());
        return Ok(None);
    };
    anyhow::ensure!(role.has_unit(), "the role {} has no unit", role.as_str());
    let hcode = super::known::unit(units, &hcode)?;
    let is_main = units.by_code.values().any(|unit| unit.cup == hcode);
    anyhow::ensure!(role != Role::Cup || is_main, "{hcode} is no main unit");
    Ok(Some(hcode))
}

/// The moment from which on a token is worth nothing.
fn end(
    context: &CommandContext,
    wanted: Option<&str>,
    days: u32,
) -> anyhow::Result<Option<String>> {
    let now = context.clock.now();
    let wanted = wanted.map_or_else(|| days.to_string(), str::to_owned);
    if wanted == NEVER {
        return Ok(None);
    }
    let last = match (wanted.parse::<u32>(), NaiveDate::parse_from_str(&wanted, "%Y-%m-%d")) {
        (Ok(days), _) => now.date_naive().checked_add_days(Days::new(u64::from(days))),
        (_, Ok(day)) => Some(day),
        _ => anyhow::bail!("--expires: a day such as 2027-09-30, a number of days, or {NEVER}"),
    };
    let over = last.and_then(|day| day.checked_add_days(Days::new(1)));
    let over = over.context("--expires: too far away")?;
    anyhow::ensure!(over > now.date_naive(), "--expires: that day is over");
    Ok(Some(crate::clock::stamp(at_bangkok(over.and_time(NaiveTime::MIN)))))
}

fn list(context: &CommandContext, json: bool) -> anyhow::Result<CommandOutcome> {
    let tokens = context.access()?.tokens()?;
    if json {
        print_json(&tokens)?;
        return Ok(CommandOutcome::Ok);
    }
    let now = context.clock.stamp();
    for token in &tokens {
        let TokenLine { id, begins, name, .. } = token;
        let (role, hcode) = (token.role.as_str(), token.hcode.as_deref().unwrap_or("-"));
        let used = token.last_used_at.as_deref().unwrap_or("-");
        let state = state(context, token, &now);
        print(format!("{id:>4} {role:<9} {hcode:<6} khl_{begins}… {state} {used} {}", line(name)))?;
    }
    Ok(CommandOutcome::Ok)
}

fn state(context: &CommandContext, token: &TokenLine, now: &str) -> String {
    match (&token.revoked_at, &token.expires_at) {
        (Some(_), _) => context.message("cli.revoked").to_owned(),
        (None, Some(end)) if end.as_str() <= now => context.message("cli.expired").to_owned(),
        (None, end) => end.clone().unwrap_or_else(|| NEVER.to_owned()),
    }
}

fn revoke(context: &CommandContext, id: i64, json: bool) -> anyhow::Result<CommandOutcome> {
    let store = context.access()?;
    let revoked = store.revoke_token(id, &super::context::user(), &context.clock.stamp())?;
    let of = store.token(id)?.with_context(|| format!("there is no token {id}"))?;
    if revoked {
        context.log_change("token revoke", of.hcode.as_deref(), None, &format!("token {id}"))?;
    }
    if json {
        print_json(&json!({"id": id, "revoked": revoked}))?;
    } else {
        let key = if revoked { "cli.revoked" } else { "cli.revoked_already" };
        print(format!("{id} {}", context.message(key)))?;
    }
    Ok(CommandOutcome::Ok)
}
