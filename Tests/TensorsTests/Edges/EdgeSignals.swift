@testable import Tensors

/// The functions of the rows of `Edges/signals.json`; see `edgeOperations`.
let signalEdges: [String: @Sendable ([Tensor]) -> Tensor] = [
  "fft": { $0[0].fft() },
  "inverseFFT": { $0[0].inverseFFT() },
  "realFFT": { $0[0][0..., 0].realFFT() },
  "ctc": {
    ctcLosses(
      logProbabilities: $0[0].logSoftmax(), targets: $0[1], inputLengths: $0[2], targetLengths: $0[3])
  },
  "inverseRealFFT": { $0[0].inverseRealFFT() },
]
