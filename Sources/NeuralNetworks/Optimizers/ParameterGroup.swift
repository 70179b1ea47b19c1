/// Settings for some of a model's parameters, such as no weight decay for biases.
///
/// ```swift
/// let optimizer = AdamW(for: model, learningRate: 1e-3) {
///   ParameterGroup(where: { $0.name.hasSuffix("bias") }, weightDecay: 0)
///   ParameterGroup(where: { $0.name.hasPrefix("features.") }, learningRate: 1e-4)
/// }
/// ```
public struct ParameterGroup {
  /// The learning rate where the optimizer's is the one it was made with; it changes in proportion with that.
  public let learningRate: Float?
  /// The weight decay of these parameters; `nil` where it is the optimizer's.
  public let weightDecay: Float?
  private let condition: (Parameter) -> Bool

  /// The parameters for which the condition holds; `nil` leaves a setting as the optimizer's.
  public init(
    where condition: @escaping (Parameter) -> Bool, learningRate: Float? = nil, weightDecay: Float? = nil
  ) {
    (self.condition, self.learningRate, self.weightDecay) = (condition, learningRate, weightDecay)
  }

  func contains(_ parameter: Parameter) -> Bool { condition(parameter) }
}

/// Builds the groups of an optimizer from a list, one group a line.
@resultBuilder public enum ParameterGroups {
  /// The groups, one a line; the first one that has a parameter counts.
  public static func buildBlock(_ groups: ParameterGroup...) -> [ParameterGroup] { groups }
}
