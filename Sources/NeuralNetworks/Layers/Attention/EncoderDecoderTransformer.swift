import Tensors

/// The transformer of sequence-to-sequence tasks, such as translation: an encoder reads the source, and a decoder predicts
/// each position of the target from those before it and from what the encoder made of the source. `torch.nn.Transformer`.
///
/// ```swift
/// let model = EncoderDecoderTransformer(64, heads: 4, blocks: 2, hidden: 128)
/// let output = model(source, target, sourceLengths: lengths)  // [batch, time of the target, 64]
/// ```
///
/// Both are embedded vectors with their positions: [batch, time, width]. To write a target step by step, encode the source
/// once with ``encoded(_:lengths:)`` and ``decoded(_:context:lengths:contextLengths:)`` what there is.
///
/// Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.1, with a normalization after each of the
/// two, as in PyTorch.
public struct EncoderDecoderTransformer: NamedLayer {
  /// The blocks that read the source.
  public let encoder: [TransformerBlock]
  /// The normalization after them.
  public let encoderNorm: LayerNorm
  /// The blocks that read the target, causally, and attend to the encoder's output.
  public let decoder: [TransformerBlock]
  /// The normalization after them.
  public let decoderNorm: LayerNorm
  public let path = LayerPath()
  public let failure: TensorError?
  private let width: Int

  /// A transformer of `blocks` blocks each, or `decoderBlocks` in the decoder; `hidden` is the width inside of their
  /// feed-forward networks. `dropout` is of the blocks' parts, of the weights of attention and inside of feed-forward
  /// networks. The defaults are the paper's and PyTorch's.
  public init(
    _ width: Int = 512, heads: Int = 8, blocks: Int = 6, decoderBlocks: Int? = nil, hidden: Int = 2048,
    activation: Activation = .relu, dropout: Float = 0.1, normalization: TransformerBlock.Normalization = .after
  ) {
    func made(_ count: Int, isDecoder: Bool) -> [TransformerBlock] {
      (0..<(0...1024 ~= count ? count : 0)).map { _ in
        TransformerBlock(
          width, heads: heads, hidden: hidden, isCausal: isDecoder, contextWidth: isDecoder ? width : nil,
          activation: activation, dropout: dropout, attentionDropout: dropout, hiddenDropout: dropout,
          normalization: normalization)
      }
    }
    let counts = [blocks, decoderBlocks ?? blocks]
    self.width = width
    encoder = made(counts[0], isDecoder: false)
    encoderNorm = LayerNorm(width)
    decoder = made(counts[1], isDecoder: true)
    decoderNorm = LayerNorm(width)
    failure =
      counts.allSatisfy { 1...1024 ~= $0 }
      ? nil : TensorError("EncoderDecoderTransformer: there must be 1 to 1024 blocks each, not \(counts)")
  }

  public var summary: String {
    "EncoderDecoderTransformer \(width), \(encoder.count) + \(decoder.count) blocks"
  }

  /// The decoder's output where source and target are the same.
  public func apply(_ x: Tensor) -> Tensor { outputs(x, x, nil, nil) }

  /// The decoder's output for each position of the target: [batch, time of the target, width]. Lengths, int32 [batch],
  /// say how many positions of source and target there are without padding.
  public func callAsFunction(
    _ source: Tensor, _ target: Tensor, sourceLengths: Tensor? = nil, targetLengths: Tensor? = nil
  ) -> Tensor {
    traced(source) { (failure.map(Tensor.failed) ?? outputs(source, target, sourceLengths, targetLengths), ()) }.0
  }

  private func outputs(
    _ source: Tensor, _ target: Tensor, _ sourceLengths: Tensor?, _ targetLengths: Tensor?
  ) -> Tensor {
    let context = encoded(source, lengths: sourceLengths)
    return decoded(target, context: context, lengths: targetLengths, contextLengths: sourceLengths)
  }

  /// What the decoder attends to: [batch, time, width] → the same shape.
  public func encoded(_ source: Tensor, lengths: Tensor? = nil) -> Tensor {
    encoderNorm(encoder.reduce(source) { $1($0, lengths: lengths) })
  }

  /// The decoder's output for a target, given what the encoder made of the source.
  public func decoded(
    _ target: Tensor, context: Tensor, lengths: Tensor? = nil, contextLengths: Tensor? = nil
  ) -> Tensor {
    decoderNorm(
      decoder.reduce(target) { $1($0, lengths: lengths, context: context, contextLengths: contextLengths) })
  }
}
