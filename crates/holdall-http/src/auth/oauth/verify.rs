//! Signatures are checked by ring, which TLS brings anyway, and which has no code for the algorithms nobody here takes.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature;
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};

/// Has `jsonwebtoken` use ring, unless the program has chosen something else before.
pub(crate) fn install() {
    static RING: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| Err(Error::from(ErrorKind::InvalidAlgorithm)),
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    let _ = RING.install_default();
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let by = |how| {
        Ok(Box::new(Verifier {
            algorithm: *algorithm,
            key: key.clone(),
            how,
        }) as Box<dyn JwtVerifier>)
    };
    match algorithm {
        Algorithm::RS256 => by(How::Rsa(&RSA_PKCS1_2048_8192_SHA256)),
        Algorithm::RS384 => by(How::Rsa(&RSA_PKCS1_2048_8192_SHA384)),
        Algorithm::RS512 => by(How::Rsa(&RSA_PKCS1_2048_8192_SHA512)),
        Algorithm::PS256 => by(How::Rsa(&RSA_PSS_2048_8192_SHA256)),
        Algorithm::PS384 => by(How::Rsa(&RSA_PSS_2048_8192_SHA384)),
        Algorithm::PS512 => by(How::Rsa(&RSA_PSS_2048_8192_SHA512)),
        Algorithm::ES256 => by(How::Point(&ECDSA_P256_SHA256_FIXED)),
        Algorithm::ES384 => by(How::Point(&ECDSA_P384_SHA384_FIXED)),
        Algorithm::EdDSA => by(How::Point(&ED25519)),
        _ => Err(Error::from(ErrorKind::InvalidAlgorithm)),
    }
}

struct Verifier {
    algorithm: Algorithm,
    key: DecodingKey,
    how: How,
}

enum How {
    Rsa(&'static RsaParameters),
    /// The key is a point on a curve.
    Point(&'static dyn VerificationAlgorithm),
}

impl signature::Verifier<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], given: &Vec<u8>) -> Result<(), signature::Error> {
        let right = match (&self.how, self.key.kind()) {
            (How::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, given)
            }
            (How::Point(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(*algorithm, point).verify(message, given)
            }
            _ => return Err(signature::Error::new()),
        };
        right.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
