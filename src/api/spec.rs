//! A spec, and what is wrong with it.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::render;
use crate::network::Network;
use crate::sema;
use crate::source::Source;
use crate::syntax::format;

/// The full pre-activation net of He et al. 2016, carried inside the program.
const PREACT: &str = include_str!("../../specs/preact.rnet");

/// A spec's text with the values of its net's parameters.
///
/// ```
/// let spec = rnetc::Spec::preact().set("depth", 20).set("classes", 100);
/// let network = spec.compile()?;
/// assert_eq!((network.units.len(), network.classes()), (9, 100));
/// # Ok::<(), rnetc::Diagnostics>(())
/// ```
#[derive(Clone, Debug)]
pub struct Spec {
    /// The text, under the name that messages and run folders give it.
    pub source: Source,
    /// Values of the net's parameters that are not the defaults, as they would be written.
    pub settings: BTreeMap<String, String>,
}

impl Spec {
    /// A text under a name for messages, usually its file's.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let source = Source::new(name.into(), text.into());
        Self { source, settings: BTreeMap::new() }
    }

    /// Full pre-activation (He et al. 2016, figure 4e), at depth 110 unless `depth` is set.
    pub fn preact() -> Self {
        Self::new("<built-in preact.rnet>", PREACT)
    }

    /// The same with a parameter of its net set; the last value of a name counts.
    #[must_use]
    pub fn set(self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.with([(name.into(), value.to_string())])
    }

    /// The same with several parameters set.
    #[must_use]
    pub fn with(mut self, settings: impl IntoIterator<Item = (String, String)>) -> Self {
        self.settings.extend(settings);
        self
    }

    /// The same for a data set of so many classes: they become the net's parameter `classes`,
    /// where it has one and nobody set it.
    ///
    /// # Errors
    /// All that is wrong with the spec.
    pub fn for_classes(self, classes: usize) -> Result<Self, Diagnostics> {
        let network = self.compile()?;
        let open = network.has_parameter(Network::CLASSES)
            && !self.settings.contains_key(Network::CLASSES);
        Ok(match network.classes() != classes && open {
            true => self.set(Network::CLASSES, classes),
            false => self,
        })
    }

    /// Its text in the one layout.
    ///
    /// # Errors
    /// Why it cannot be parsed.
    pub fn formatted(&self) -> Result<String, Diagnostics> {
        format::format(&self.source).map_err(|list| self.told(list))
    }

    fn told(&self, list: Vec<Diagnostic>) -> Diagnostics {
        Diagnostics { source: self.source.clone(), list }
    }

    /// The network that it describes.
    ///
    /// # Errors
    /// All that is wrong with it; nothing else ends a text, however hostile it is.
    pub fn compile(&self) -> Result<Network, Diagnostics> {
        self.compile_with_warnings().map(|(network, _)| network)
    }

    /// The same, with what is legal and probably not meant.
    ///
    /// # Errors
    /// As [`Spec::compile`].
    pub fn compile_with_warnings(&self) -> Result<(Network, Diagnostics), Diagnostics> {
        let settings: Vec<(String, String)> =
            self.settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        match sema::compile(&self.source, &settings) {
            Ok(compiled) => Ok((compiled.network, self.told(compiled.warnings))),
            Err(errors) => Err(self.told(errors)),
        }
    }

    /// The same network for pictures of other rows and columns than it says.
    ///
    /// # Errors
    /// What does not fit such pictures; else as [`Spec::compile`].
    pub fn compile_for_pictures(
        &self,
        [rows, columns]: [usize; 2],
    ) -> Result<Network, Diagnostics> {
        let mut settings = self.settings.clone();
        // What else of the net depends on it follows.
        if rows == columns && self.compile()?.has_parameter(Network::PIXELS) {
            settings.insert(Network::PIXELS.to_owned(), rows.to_string());
        }
        let settings: Vec<(String, String)> = settings.into_iter().collect();
        let compiled = sema::compile_for_pictures(&self.source, &settings, [rows, columns]);
        compiled.map(|compiled| compiled.network).map_err(|errors| self.told(errors))
    }

    /// What is probably not meant in training its network with batches of this size.
    pub fn warnings_in_training(&self, network: &Network, batch: usize) -> Diagnostics {
        self.told(sema::warnings_in_training(&self.source, network, batch))
    }
}

/// What is to be said of a text, in its order. Displayed, each with its line, a mark under the
/// place, a hint and a code that `rnetc explain` knows more about.
///
/// ```
/// let errors = rnetc::Spec::new("typo.rnet", "net n { input(1, 8, 8) -> covn(3x3, 4) }")
///     .compile()
///     .expect_err("no layer is called covn");
/// assert_eq!(errors.list[0].fix.as_ref().map(|fix| fix.text.as_str()), Some("conv"));
/// assert!(errors.to_string().contains("typo.rnet:1:"));
/// ```
#[derive(Clone, Debug)]
pub struct Diagnostics {
    /// The text.
    pub source: Source,
    /// Each message with its code, place, labels, hint and, where one is known, a mend.
    pub list: Vec<Diagnostic>,
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(render(&self.source, &self.list, false).trim_end())
    }
}

impl std::error::Error for Diagnostics {}
