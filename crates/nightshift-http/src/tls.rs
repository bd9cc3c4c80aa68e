//! The process-wide provider of cryptography for TLS.

/// Installs ring. Harmless when called again or when a provider is there already.
///
/// Without it reqwest and tungstenite panic on the first use of TLS, so every constructor of this
/// crate calls it.
pub fn init() {
    // Fails only when one is installed, and then there is nothing to do.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
