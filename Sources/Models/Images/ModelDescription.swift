import Foundation
import NeuralNetworks
import Tensors

/// A ready classifier of images as data.
public struct ModelDescription: NetworkDescription {
  public static let task = NetworkTask.image
  public static var kindNames: [String] { Kind.allCases.map(\.rawValue) }
  public var kindName: String { kind.rawValue }

  /// Which network.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// Flatten, dense 128, ReLU, dense.
    case mlp
    /// Two 3×3 convolutions of 32 and 64 channels, each with ReLU and max-pooling, then dense 128, ReLU, dense.
    case cnn
    /// A residual network that learns small images in minutes. See `ResNet9`.
    case resnet9
    /// The residual network with 20 weighted layers. See `ResNet`.
    case resnet20
    /// The residual network with 18 weighted layers. See `ResNet18`.
    case resnet18
    /// A residual network with few and wide layers. See `WideResNet`.
    case wideResNet = "wide-resnet"
    /// Depthwise and 1×1 convolutions, for small devices. See `MobileNet`.
    case mobilenet
    /// A recurrent network that reads an image row by row, then dense. See `RowClassifier`.
    case rnn, lstm, gru
    /// Self-attention between patches. See `VisionTransformer`.
    case attention

    /// The default width of the hidden layers.
    public var defaultHidden: Int { self == .attention ? 64 : 128 }
  }

  /// Distinguishes it from other descriptions.
  public private(set) var task = NetworkTask.image
  /// Which network it describes.
  public var kind: Kind
  /// An image's shape, [channels, height, width].
  public var inputShape: Shape
  /// How many classes there are.
  public var classes: Int
  /// The classes' names, in the order of their labels; empty where there are none.
  public var classNames: [String]
  /// How pictures of another shape fill the input, where it was trained on pictures: `crop` or `stretch`.
  public var pictureFit: String?
  /// The width of the hidden dense layer of `mlp` and `cnn`, of the recurrent layer and of the attention blocks.
  public var hidden: Int

  /// A network of this kind. `hidden` is the kind's default where it is `nil`. Nothing is checked here; see `check()`.
  public init(
    kind: Kind, inputShape: Shape, classes: Int, classNames: [String] = [], hidden: Int? = nil
  ) {
    self.kind = kind
    self.inputShape = inputShape
    self.classes = classes
    self.classNames = classNames
    self.hidden = hidden ?? kind.defaultHidden
  }

  /// The description of the image classifier of this name. Throws a sentence that lists the known names, or says which
  /// images the network accepts.
  public static func image(
    _ name: String, inputShape: Shape, classes: Int, classNames: [String] = []
  ) throws -> ModelDescription {
    guard let kind = Kind(rawValue: name) else {
      let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelError("there is no model '\(name)'; there is \(known)")
    }
    let description = ModelDescription(
      kind: kind, inputShape: inputShape, classes: classes, classNames: classNames)
    try description.check()
    return description
  }

  /// Throws a sentence where no such network can be built.
  public func check() throws {
    let limit = 1...(1 << 16)
    guard inputShape.rank == 3, inputShape.allSatisfy(limit.contains) else {
      throw ModelError("the input shape must be [channels, height, width] with sizes of 1 to 65536, not \(inputShape)")
    }
    let pixels = inputShape.reduce(1, *)
    guard pixels <= 1 << 24 else {
      throw ModelError("an image of \(inputShape) has more than 2²⁴ numbers; make it smaller")
    }
    guard limit.contains(classes), limit.contains(hidden) else {
      throw ModelError("classes and hidden must be 1 to 65536, not \(classes) and \(hidden)")
    }
    guard classNames.isEmpty || classNames.count == classes else {
      throw ModelError("\(classes) classes need as many names, not \(classNames.count)")
    }
    guard kind != .attention || hidden % VisionTransformer.heads == 0 else {
      throw ModelError("attention needs a hidden width that \(VisionTransformer.heads) heads divide, not \(hidden)")
    }
    for (halving, least) in [(Kind.cnn, 4), (.resnet9, 8)] where kind == halving {
      guard inputShape[1] >= least, inputShape[2] >= least else {
        throw ModelError(
          "\(kind.rawValue) halves an image \(least == 4 ? "twice" : "three times"), so it must be at least "
            + "\(least)×\(least), not \(inputShape[1])×\(inputShape[2])")
      }
    }
  }

  /// Builds the network, its weights drawn from `Random.current`.
  public func makeModel() throws -> any Layer {
    try check()
    let model: any Layer =
      switch kind {
      case .mlp: makePerceptron(inputShape: inputShape, classes: classes, hidden: hidden)
      case .cnn: makeConvolutionalNetwork(inputShape: inputShape, classes: classes, hidden: hidden)
      case .resnet9: ResNet9(inputChannels: inputShape[0], classes: classes)
      case .resnet20: ResNet(inputChannels: inputShape[0], classes: classes)
      case .resnet18: ResNet18(inputShape: inputShape, classes: classes)
      case .wideResNet: WideResNet(inputChannels: inputShape[0], classes: classes)
      case .mobilenet: MobileNet(inputShape: inputShape, classes: classes)
      case .rnn: RowClassifier(.tanh, inputShape: inputShape, classes: classes, hidden: hidden)
      case .lstm: RowClassifier(.lstm, inputShape: inputShape, classes: classes, hidden: hidden)
      case .gru: RowClassifier(.gru, inputShape: inputShape, classes: classes, hidden: hidden)
      case .attention: VisionTransformer(inputShape: inputShape, classes: classes, width: hidden)
      }
    _ = model.parameters  // Sets the names of parameters and layers, for messages.
    return model
  }

  public var example: Tensor { .zeros(Shape([1] + inputShape.dimensions)) }

  public func layer(_ network: any Layer) -> any Layer { network }
}
