//! `wecom-login new`: an `auths` directory, a data key, and the code that mounts the login.
//!
//! What is written is in `templates/`, byte for byte, but for what was asked. Secrets are never asked for on the command
//! line: the login instance reads them from the environment.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use wecom_login::element::InstanceName;
use wecom_login::{CorpId, SuiteId};
use zeroize::Zeroizing;

use crate::commands::Outcome;
use crate::failure::{Failure, Result};
use crate::flags::{Framework, NewArgs};
use crate::prompt;

const AXUM_MAIN: &str = include_str!("../../templates/axum/main.rs");
const AXUM_MANIFEST: &str = include_str!("../../templates/axum/Cargo.toml.txt");
const ACTIX_MAIN: &str = include_str!("../../templates/actix/main.rs");
const ACTIX_MANIFEST: &str = include_str!("../../templates/actix/Cargo.toml.txt");
const ENVIRONMENT: &str = include_str!("../../templates/wecom-login.env");
const IGNORED: &str = "/target\n/wecom-login.env\n/wecom-login.key\n/wecom-login.db*\n";

/// A file that is written.
struct NewFile {
    path: PathBuf,
    content: Zeroizing<Vec<u8>>,
    is_secret: bool,
}

/// The answers.
struct Project {
    framework: Framework,
    instance: String,
    suite_id: SuiteId,
    provider_corp_id: Option<CorpId>,
    app_url: String,
}

pub(crate) fn run(args: &NewArgs) -> Result<Outcome> {
    let project = Project::ask(args)?;
    let files = project.files(&args.directory)?;
    let taken: Vec<String> = files
        .iter()
        .filter(|file| file.path.exists())
        .map(|file| file.path.display().to_string())
        .collect();
    if !taken.is_empty() {
        return Err(Failure::new(format!(
            "nothing was written, since there is {} already: name another directory",
            taken.join(", ")
        )));
    }
    for file in &files {
        write(file)?;
        println!("{}", file.path.display());
    }
    println!();
    println!("Fill in wecom-login.env, keep wecom-login.key where backups are kept, then:");
    println!("  set -a; . ./wecom-login.env; set +a; cargo run");
    Ok(Outcome::Done)
}

impl Project {
    fn ask(args: &NewArgs) -> Result<Self> {
        let framework = match args.framework {
            Some(framework) => framework,
            None => loop {
                match prompt::line("Framework, axum or actix", Some("axum")).as_deref() {
                    Some("axum") => break Framework::Axum,
                    Some("actix") => break Framework::Actix,
                    Some(_) => {}
                    None => return Err(Failure::new("give --framework axum or --framework actix")),
                }
            },
        };
        let ask = |given: &Option<String>, question: &str, default: Option<&str>, flag: &str| {
            given
                .clone()
                .or_else(|| prompt::line(question, default))
                .ok_or_else(|| Failure::new(format!("give {flag}")))
        };
        let suite_id = ask(
            &args.suite_id,
            "suiteId of the app template (dk...)",
            None,
            "--suite-id",
        )?;
        let suite_id = SuiteId::new(suite_id)
            .map_err(|error| Failure::new(format!("--suite-id must be {}", error.rule)))?;
        let instance = args
            .instance
            .clone()
            .or_else(|| prompt::line("Name of the login instance", Some("QywxProxyDefault")))
            .unwrap_or_else(|| "QywxProxyDefault".to_owned());
        if instance.contains('.') || InstanceName::new(format!("auths.{instance}")).is_err() {
            return Err(Failure::new(
                "--instance must be a name of letters, digits, _ and -, such as QywxProxyDefault, and no path of ours",
            ));
        }
        let provider_corp_id = args.provider_corp_id.clone().or_else(|| {
            let answer = prompt::line("corpid of the provider, for authorization links", Some("-"));
            answer.filter(|answer| answer != "-")
        });
        let provider_corp_id = provider_corp_id
            .map(|id| {
                CorpId::new(id).map_err(|error| {
                    Failure::new(format!("--provider-corp-id must be {}", error.rule))
                })
            })
            .transpose()?;
        let app_url = args
            .app_url
            .clone()
            .or_else(|| prompt::line("URL of the app in browsers", Some("http://127.0.0.1:3000")))
            .unwrap_or_else(|| "http://127.0.0.1:3000".to_owned());
        if url::Url::parse(&app_url).is_err() || app_url.contains(['\'', '\n']) {
            return Err(Failure::new(
                "--app-url must be a URL, such as https://app.example.com",
            ));
        }
        Ok(Self {
            framework,
            instance,
            suite_id,
            provider_corp_id,
            app_url,
        })
    }

    fn files(&self, directory: &Path) -> Result<Vec<NewFile>> {
        let (main, manifest) = match self.framework {
            Framework::Axum => (AXUM_MAIN, AXUM_MANIFEST),
            Framework::Actix => (ACTIX_MAIN, ACTIX_MANIFEST),
        };
        let instance = directory.join("auths").join(&self.instance);
        let element = json!({"title": "WeCom", "type": "auths.loginTypes.QywxProxyType"});
        let manifest = manifest.replace("{version}", env!("CARGO_PKG_VERSION"));
        let mut environment = ENVIRONMENT.replace("{app_url}", &self.app_url);
        if self.provider_corp_id.is_some() {
            environment.push_str("# Of the provider: 服务商信息.\nWECOM_PROVIDER_SECRET=\n");
        }
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key)
            .map_err(|error| Failure::new(format!("the system gives no random bytes: {error}")))?;
        let key = Zeroizing::new(STANDARD.encode(*key));
        let file = |path: PathBuf, content: &str| NewFile {
            path,
            content: Zeroizing::new(content.as_bytes().to_vec()),
            is_secret: false,
        };
        let secret = |path: PathBuf, content: &str| NewFile {
            is_secret: true,
            ..file(path, content)
        };
        Ok(vec![
            file(instance.join("e.json"), &pretty(&element)),
            file(
                instance.join(format!("{}.json", self.instance)),
                &pretty(&self.business_file()),
            ),
            secret(directory.join("wecom-login.key"), &key),
            secret(directory.join("wecom-login.env"), &environment),
            file(directory.join("src").join("main.rs"), main),
            file(directory.join("Cargo.toml"), &manifest),
            file(directory.join(".gitignore"), IGNORED),
        ])
    }

    fn business_file(&self) -> Value {
        let mut fields = Map::new();
        fields.insert(
            "authConfig".to_owned(),
            json!({
                "suiteId": self.suite_id.as_str(),
                "suiteSecret": "${WECOM_SUITE_SECRET}",
                "token": "${WECOM_CALLBACK_TOKEN}",
                "encodingAESKey": "${WECOM_ENCODING_AES_KEY}",
            }),
        );
        if let Some(corp_id) = &self.provider_corp_id {
            fields.insert("providerCorpId".to_owned(), json!(corp_id.as_str()));
            fields.insert(
                "providerSecret".to_owned(),
                json!("${WECOM_PROVIDER_SECRET}"),
            );
        }
        Value::Object(fields)
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn write(file: &NewFile) -> Result<()> {
    let unwritable = |error: std::io::Error| {
        Failure::new(format!(
            "{} cannot be written: {error}",
            file.path.display()
        ))
    };
    if let Some(parent) = file.path.parent() {
        fs::create_dir_all(parent).map_err(unwritable)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if file.is_secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options
        .open(&file.path)
        .and_then(|mut created| created.write_all(&file.content))
        .map_err(unwritable)
}
