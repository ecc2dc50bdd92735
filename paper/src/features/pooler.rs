//! The pooler of a Hugging Face ViT whose checkpoint has none: random, and so are the paper's features.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use hessia::{Error, Result};

/// `initializer_range` of Hugging Face's ViT.
const DEVIATION: f64 = 0.02;

/// tanh(W c) of a class token c, with W of d x d normal numbers of deviation 0.02 and no bias.
///
/// That is how `transformers` starts the pooler when a checkpoint has no weights for it, as google's
/// vit-base-patch16-224. The law is the same, the numbers are not: they come from ChaCha8 and the seed.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomPooler {
    weight: Vec<f64>,
    width: usize,
}

impl RandomPooler {
    /// For class tokens of `width` numbers.
    ///
    /// # Errors
    /// A width of 0, or above 16,384.
    pub fn new(width: usize, seed: u64) -> Result<RandomPooler> {
        if !(1..=1 << 14).contains(&width) {
            return Err(Error::argument("class token", "1 to 16384 numbers", width));
        }
        let law = Normal::new(0.0, DEVIATION).map_err(|e| Error::argument("pooler", "a law", e))?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Ok(RandomPooler { weight: law.sample_iter(&mut rng).take(width * width).collect(), width })
    }

    /// The features of one token, as many as it has numbers.
    ///
    /// ```
    /// use hessia_paper::features::RandomPooler;
    /// let pooler = RandomPooler::new(2, 7)?;
    /// assert_eq!(pooler.apply(&[0.0, 0.0]), [0.0, 0.0]);
    /// let (up, down) = (pooler.apply(&[3.0, 4.0]), pooler.apply(&[-3.0, -4.0]));
    /// assert!((0..2).all(|i| up[i] == -down[i] && up[i].abs() < 1.0));
    /// # Ok::<(), hessia::Error>(())
    /// ```
    pub fn apply(&self, token: &[f32]) -> Vec<f32> {
        let row = |row: &[f64]| row.iter().zip(token).map(|(w, &c)| w * f64::from(c)).sum::<f64>();
        self.weight.chunks_exact(self.width).map(|w| libm::tanh(row(w)) as f32).collect()
    }
}
