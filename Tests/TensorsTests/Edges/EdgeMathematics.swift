@testable import Tensors

/// The functions of the rows of `Edges/mathematics.json`; see `edgeOperations`.
let mathematicsEdges: [String: @Sendable ([Tensor]) -> Tensor] = {
  var all: [String: @Sendable ([Tensor]) -> Tensor] = [
    "digamma": { $0[0].digamma() },
    "polygamma": { $0[0].polygamma(1) },
    "logSigmoid": { $0[0].logSigmoid() },
    "rounded": { $0[0].rounded() },
    "ceil": { $0[0].ceil() },
    "truncated": { $0[0].truncated() },
    "atan2": { atan2($0[0], $0[1]) },
    "hypot": { hypot($0[0], $0[1]) },
    "fmod": { $0[0].fmod($0[1]) },
    "remainder": { $0[0].remainder($0[1]) },
    "copySign": { $0[0].copySign(of: $0[1]) },
  ]
  for function in unaryLibraryFunctions { all[function.name] = { $0[0].library(function) } }
  return all
}()
