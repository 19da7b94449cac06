"""The least that any form on [1, x, x x'] costs: its two matrix products, in NumPy.

With phi_n = [1, x_n, x_n x_n'] the log joint densities are phi B, and all statistics phi' r: two products, with the
logarithm of a sum between them. phi (N, 1 + D + D D) is made before the clock starts.
"""

import numpy as np


def expand_rows(x):
    """Give [1, x, x x'] of shape (N, 1 + D + D D)."""
    N, D = x.shape
    return np.hstack([np.ones((N, 1)), x, (x[:, :, None] * x[:, None, :]).reshape(N, D * D)])


def log_joint_coefficients(truth):
    """Give B (1 + D + D D, K), so that phi B is the log joint density."""
    K, D = truth.means.shape
    precisions = np.linalg.inv(truth.scale_tril @ truth.scale_tril.mT)
    pulled = np.einsum("kij,kj->ki", precisions, truth.means)
    constant = np.log(truth.weights) - 0.5 * D * np.log(2.0 * np.pi) - 0.5 * np.einsum("ki,ki->k", pulled, truth.means)
    constant -= np.log(np.diagonal(truth.scale_tril, axis1=1, axis2=2)).sum(1)
    return np.vstack([constant, pulled.T, -0.5 * precisions.reshape(K, D * D).T])


def make_calls(x, truth):
    """Log-likelihood and statistics, and the two products with N K exponentials and nothing else."""
    phi, B = expand_rows(x), log_joint_coefficients(truth)
    joint = np.empty((len(x), B.shape[1]))

    def evaluate():
        np.matmul(phi, B, out=joint)
        top = joint.max(1, keepdims=True)
        np.subtract(joint, top, out=joint)
        np.exp(joint, out=joint)
        total = joint.sum(1, keepdims=True)
        np.divide(joint, total, out=joint)
        return float(np.log(total).sum() + top.sum()), phi.T @ joint

    def multiply():
        np.matmul(phi, B, out=joint)
        np.exp(joint, out=joint)
        return phi.T @ joint

    return {"products": evaluate, "bare products": multiply}
