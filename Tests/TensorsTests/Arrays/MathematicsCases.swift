@testable import Tensors

/// Functions of the C library, and rounding.
let mathematicsCases: [OperationCase] = functionCases + roundingCases

/// What a function is smooth on: all numbers from −1.5 to 1.5, those within ±0.9, above 0, or above 1.
private func argument(_ name: String, _ x: Tensor) -> Tensor {
  switch name {
  case "asin", "acos", "atanh", "erfInverse", "tan": x * 0.6
  case "acosh": x + 1
  default: x
  }
}

private let functionCases: [OperationCase] =
  unaryLibraryFunctions.flatMap { function in
    let name = function.name
    let domain: OperationCase.Domain =
      ["acosh", "log2", "log10", "log1p", "lgamma"].contains(name) ? .positive : .any
    return [
      OperationCase(name, [3, 5], domain: domain) { argument(name, $0[0]).library(function) },
      OperationCase("\(name) transposed", [2, 1, 3], domain: domain) {
        argument(name, $0[0].permuted([2, 1, 0])).library(function)
      },
      OperationCase("\(name) empty", [2, 0], domain: domain) { $0[0].library(function) },
    ]
  } + [
    OperationCase("digamma", [3, 5], domain: .positive) { $0[0].digamma() },
    OperationCase("digamma below 0", [7]) { ($0[0] * 0.2 - 0.5).digamma() },
    OperationCase("polygamma", [3, 5], domain: .positive) { $0[0].polygamma(3) },
    OperationCase("logSigmoid", [3, 5]) { ($0[0] * 4).logSigmoid() },
    OperationCase("atan2", [2, 3], [3]) { atan2($0[0], $0[1]) },
    OperationCase("hypot", [2, 1], [1, 3]) { hypot($0[0], $0[1]) },
    OperationCase("fmod", [2, 3], [2, 3]) { ($0[0] * 3).fmod($0[1] + 3) },
    OperationCase("remainder", [2, 3], [3]) { ($0[0] * 3).remainder($0[1] + 3) },
    OperationCase("remainder of a number", [5]) { $0[0].remainder(0.75) },
    OperationCase("copySign", [2, 3], [2, 3]) { $0[0].copySign(of: $0[1]) },
  ]

private let roundingCases: [OperationCase] = [
  OperationCase("rounded", [3, 4]) { ($0[0] * 3).rounded() + $0[0] },
  OperationCase("ceil", [3, 4]) { ($0[0] * 3).ceil() + $0[0] },
  OperationCase("truncated", [3, 4]) { ($0[0] * 3).truncated() + $0[0] },
]

/// Methods of `Operations/Composed` that have a gradient.
let composedCases: [OperationCase] = [
  OperationCase("logAddExp", [2, 3], [3]) { $0[0].logAddExp($0[1]) },
  OperationCase("logit", [2, 3], domain: .positive) { ($0[0] * 0.4).logit() },
  OperationCase("interpolated", [2, 3], [2, 3], [3]) { $0[0].interpolated(to: $0[1], by: $0[2]) },
  OperationCase("timesLog", [2, 3], [3], domain: .positive) { $0[0].timesLog(of: $0[1]) },
  OperationCase("sinc", [2, 3]) { $0[0].sinc() },
  OperationCase("covariance", [3, 4]) { $0[0].covariance() },
  OperationCase("correlation", [2, 4]) { $0[0].correlation() },
  OperationCase("kthLeast", [3, 4]) { $0[0].kthLeast(2, axis: 0) },
  OperationCase("renormalized", [3, 4]) { $0[0].renormalized(along: 0, to: 0.5) },
  OperationCase("differences", [3, 4]) { $0[0].differences(axis: 0, order: 2) },
  OperationCase("windows", [3, 5]) { $0[0].windows(ofSize: 3, step: 2) },
  OperationCase("rotated90", [2, 3]) { $0[0].rotated90() },
]
