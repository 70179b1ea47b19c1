@testable import Tensors

/// Fourier transforms, of lengths with and without small factors.
let fourierCases: [OperationCase] =
  [1, 2, 3, 4, 5, 6, 8, 17].flatMap { n in
    [
      OperationCase("fft", [2, n, 2]) { $0[0].fft() },
      OperationCase("inverseFFT", [n, 2]) { $0[0].inverseFFT(norm: .forward) },
      OperationCase("realFFT", [2, n]) { $0[0].realFFT(norm: .orthonormal) },
      OperationCase("inverseRealFFT of \(n)", [2, n / 2 + 1, 2]) { $0[0].inverseRealFFT(count: n, norm: .forward) },
    ]
  } + [
    OperationCase("fft of rows", [3, 2, 2]) { $0[0].fft(axis: 0) },
    OperationCase("fft of more", [3, 2]) { $0[0].fft(count: 5) },
    OperationCase("fft of fewer", [5, 2]) { $0[0].fft(count: 3) },
    OperationCase("fft of images", [3, 4, 2]) { $0[0].fft(axes: [0, 1]) },
    OperationCase("realFFT of images", [3, 4]) { $0[0].realFFT(axes: [0, 1]) },
    OperationCase("realFFT of columns", [4, 3]) { $0[0].realFFT(axis: 0) },
    OperationCase("inverseRealFFT of images", [3, 3, 2]) { $0[0].inverseRealFFT(axes: [0, 1], count: 5) },
    OperationCase("inverseRealFFT of columns", [3, 2, 2]) { $0[0].inverseRealFFT(axis: 0) },
    OperationCase("fft of no lines", [0, 3, 2]) { $0[0].fft() },
    OperationCase("complexProduct", [3, 2], [2]) { $0[0].complexProduct($0[1].complexConjugate()) },
    OperationCase("complexMagnitude", [3, 2]) { $0[0].complexMagnitude() + $0[0].complexAngle() },
    OperationCase("shortTimeFFT", [2, 12]) {
      $0[0].shortTimeFFT(frameSize: 4, window: .hannWindow(count: 4, dtype: $0[0].dtype))
    },
    OperationCase("shortTimeFFT without margins", [9]) {
      $0[0].shortTimeFFT(frameSize: 5, hop: 2, window: .hammingWindow(count: 3, dtype: $0[0].dtype), isCentered: false)
    },
    OperationCase("inverseShortTimeFFT", [3, 4, 2]) {
      $0[0].inverseShortTimeFFT(frameSize: 4, hop: 2, window: .hammingWindow(count: 4, dtype: $0[0].dtype))
    },
  ]
