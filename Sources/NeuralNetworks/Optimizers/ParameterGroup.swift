import Tensors

/// Settings for some of a model's parameters, such as no weight decay for biases, or an optimizer of their own.
///
/// ```swift
/// let optimizer = AdamW(for: model, learningRate: 1e-3) {
///   ParameterGroup(where: { $0.name.hasSuffix("bias") }, weightDecay: 0)
///   ParameterGroup(where: { $0.name.hasPrefix("features.") }, learningRate: 1e-4)
///   ParameterGroup(where: { $0.shape.rank > 1 }) { Muon(for: $0, learningRate: 0.02, scale: .original) }
/// }
/// ```
public struct ParameterGroup {
  /// The learning rate where the optimizer's is the one it was made with; it changes in proportion with that.
  public let learningRate: Float?
  /// The weight decay of these parameters; `nil` where it is the optimizer's.
  public let weightDecay: Float?
  /// Makes the optimizer of the group's parameters; `nil` where it is the one that has the group.
  let optimizer: ((any Layer) -> RuleOptimizer)?
  private let condition: (Parameter) -> Bool

  /// The parameters for which the condition holds; `nil` leaves a setting as the optimizer's.
  public init(
    where condition: @escaping (Parameter) -> Bool, learningRate: Float? = nil, weightDecay: Float? = nil
  ) {
    (self.condition, self.learningRate, self.weightDecay) = (condition, learningRate, weightDecay)
    optimizer = nil
  }

  /// The parameters for which the condition holds, with a rule and settings of their own: those of the optimizer that the
  /// closure makes for the layer it is given, which has these parameters alone and cannot be called.
  ///
  /// A step of the optimizer that has the group is one of this one too, in the same plan. Its learning rate changes in
  /// proportion with the other's, and its step count with the other's; setting the other's `momentum` or
  /// `skipsUnusedParameters` sets its own. The other's `clipNorm` limits the norm of all gradients together; one of its own
  /// is an error of the first update, as is an optimizer of other parameters. Where the condition holds for no parameter, the
  /// closure is not called.
  public init(
    where condition: @escaping (Parameter) -> Bool, optimizer: @escaping (_ parameters: any Layer) -> RuleOptimizer
  ) {
    (self.condition, self.optimizer) = (condition, optimizer)
    (learningRate, weightDecay) = (nil, nil)
  }

  func contains(_ parameter: Parameter) -> Bool { condition(parameter) }
}

/// Builds the groups of an optimizer from a list, one group a line.
@resultBuilder public enum ParameterGroups {
  /// The groups, one a line; the first one that has a parameter counts.
  public static func buildBlock(_ groups: ParameterGroup...) -> [ParameterGroup] { groups }
}

/// Some of a model's parameters, under their names in the model.
struct PartOfModel: Layer {
  let members: [(name: String, parameter: Parameter)]

  func callAsFunction(_ x: Tensor) -> Tensor {
    .failed(TensorError("the layer that a group's optimizer is made for has parameters alone and cannot be called"))
  }
}

/// The optimizer of a group.
struct GroupOptimizer {
  let optimizer: RuleOptimizer
  /// Its learning rate as a multiple of that of the optimizer that has the group; with it in double precision, the product
  /// at the first rate is the rate that the group's optimizer was made with.
  let rateFactor: Double

  func setLearningRate(inProportionTo rate: Float) { optimizer.learningRate = Float(Double(rate) * rateFactor) }
}
