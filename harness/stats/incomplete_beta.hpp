#pragma once

namespace inferbench {

// The regularised incomplete beta function I_x(a, b) for a, b > 0 and x in [0, 1], to about 14
// digits. I_p(k, n - k + 1) is the probability of k or more successes in n trials of chance p.
//
// Source: continued fraction 8.17.22 of the NIST Digital Library of Mathematical Functions,
// evaluated by the modified Lentz method (Thompson and Barnett 1986).
double incomplete_beta(double a, double b, double x);

// P[Binomial(n, p) <= k]
double binomial_at_most(double k, double n, double p);

}  // namespace inferbench
