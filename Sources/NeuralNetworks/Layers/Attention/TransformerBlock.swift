import Tensors

/// Self-attention, optional attention to another sequence, and a feed-forward network, each with a residual connection
/// and layer normalization: [batch, time, width] → the same shape.
///
/// With `.before` each part works on its normalized input (x + f(norm(x))), with `.after` its sum is normalized
/// (norm(x + f(x))). An encoder's block is not causal; a decoder's block of an encoder–decoder network has
/// `contextWidth`.
///
/// Sources: Vaswani et al. 2017, section 3.1 (after); Radford et al. 2019 and Xiong et al., "On Layer Normalization in
/// the Transformer Architecture", 2020 (before).
public struct TransformerBlock: Layer {
  /// Where layer normalization is applied.
  public enum Normalization: String, Hashable, Sendable, Codable {
    /// On the input of each part: x + f(norm(x)), which needs no warm-up of the learning rate (Xiong et al. 2020).
    case before
    /// On the sum of each part and its residual connection: norm(x + f(x)).
    case after
  }

  /// The normalization of the self-attention's input, or, with `.after`, of its sum with the residual.
  public let attentionNorm: LayerNorm
  /// The self-attention.
  public let attention: MultiHeadAttention
  /// The normalization of the attention to the context; `nil` in a block without a context.
  public let crossNorm: LayerNorm?
  /// The attention to the context; `nil` in a block without one.
  public let crossAttention: MultiHeadAttention?
  /// The normalization of the feed-forward network's input, or, with `.after`, of its sum with the residual.
  public let feedForwardNorm: LayerNorm
  /// The first layer of the feed-forward network: width → hidden, with the activation.
  public let expand: Dense
  /// Its second layer: hidden → width.
  public let contract: Dense
  private let dropout: Dropout?
  private let hiddenDropout: Dropout?
  private let normalization: Normalization

  /// - Parameters:
  ///   - hidden: the width inside the feed-forward network; four times `width` by default.
  ///   - contextWidth: for attention to another sequence of this width.
  ///   - window: the self-attention's; see ``MultiHeadAttention``.
  ///   - dropout: of the results of the parts, before they are added; `attentionDropout` of the weights of the attention,
  ///     `hiddenDropout` inside of the feed-forward network. PyTorch's layers have one rate for all three.
  ///   - initializer: of all weights except the last ones of a residual branch, which `outputInitializer` draws.
  public init(
    _ width: Int, heads: Int, keyValueHeads: Int? = nil, hidden: Int? = nil, isCausal: Bool = false,
    isRotary: Bool = false, contextWidth: Int? = nil, window: Int? = nil, activation: Activation = .geluTanh,
    dropout: Float = 0, attentionDropout: Float = 0, hiddenDropout: Float = 0,
    normalization: Normalization = .before, initializer: Initializer? = nil, outputInitializer: Initializer? = nil
  ) {
    func attention(causal: Bool, rotary: Bool, contextWidth: Int?, window: Int?) -> MultiHeadAttention {
      MultiHeadAttention(
        width, heads: heads, keyValueHeads: keyValueHeads, isCausal: causal, isRotary: rotary,
        contextWidth: contextWidth, window: window, dropout: attentionDropout, initializer: initializer,
        outputInitializer: outputInitializer)
    }
    attentionNorm = LayerNorm(width)
    self.attention = attention(causal: isCausal, rotary: isRotary, contextWidth: nil, window: window)
    crossNorm = contextWidth.map { _ in LayerNorm(width) }
    crossAttention = contextWidth.map { attention(causal: false, rotary: false, contextWidth: $0, window: nil) }
    feedForwardNorm = LayerNorm(width)
    let inside = hidden ?? width.multipliedReportingOverflow(by: 4).partialValue
    expand = Dense(width, inside, activation: activation, initializer: initializer)
    contract = Dense(inside, width, initializer: outputInitializer ?? initializer)
    self.dropout = dropout == 0 ? nil : Dropout(dropout)
    self.hiddenDropout = hiddenDropout == 0 ? nil : Dropout(hiddenDropout)
    self.normalization = normalization
  }

  /// The block's result for sequences without padding: [batch, time, width] → the same shape.
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, lengths: nil) }

  /// `lengths` int32 [batch] are the lengths without padding of the input, `contextLengths` those of the context. `mask`
  /// and `contextMask`, bool, are true where a position may attend to one of the input or of the context; see
  /// ``MultiHeadAttention``.
  public func callAsFunction(
    _ x: Tensor, lengths: Tensor?, context: Tensor? = nil, contextLengths: Tensor? = nil, mask: Tensor? = nil,
    contextMask: Tensor? = nil
  ) -> Tensor {
    var x = residual(x, attentionNorm) { attention($0, lengths: lengths, mask: mask) }
    if let crossNorm, let crossAttention {
      guard let context else {
        return .failed(TensorError("TransformerBlock: this block attends to a context; give one"))
      }
      x = residual(x, crossNorm) {
        crossAttention($0, context: context, lengths: contextLengths, mask: contextMask)
      }
    }
    return residual(x, feedForwardNorm, feedForward)
  }

  /// Continues from a cache of the self-attention.
  public func callAsFunction(_ x: Tensor, cache: AttentionCache) -> (output: Tensor, cache: AttentionCache) {
    var next = cache
    let attended = residual(x, attentionNorm) { input in
      let (output, after) = attention(input, cache: cache)
      next = after
      return output
    }
    return (residual(attended, feedForwardNorm, feedForward), next)
  }

  private func feedForward(_ x: Tensor) -> Tensor {
    let inside = expand(x)
    return contract(hiddenDropout?(inside) ?? inside)
  }

  /// A part with its residual connection.
  private func residual(_ x: Tensor, _ norm: LayerNorm, _ part: (Tensor) -> Tensor) -> Tensor {
    func dropped(_ x: Tensor) -> Tensor { dropout?(x) ?? x }
    return switch normalization {
    case .before: x + dropped(part(norm(x)))
    case .after: norm(x + dropped(part(x)))
    }
  }
}
