/* SPDX-License-Identifier: MIT
 * report.c - what came of each attack on each subject. */
#include "kit.h"

#include <string.h>

struct cell {
    uint32_t passed, failed;
};

struct kit_results {
    struct cell *cells; /* by attack, then subject */
    uint32_t passed, failed;
};

struct kit_results *kit_results_new(struct kit *k) {
    struct kit_results *results = ARENA_NEW(k->arena, struct kit_results);
    ASSERT(results != NULL);
    results->cells = ARENA_ARRAY(k->arena, struct cell, kit_attack_count * k->subject_count);
    ASSERT(results->cells != NULL);
    return results;
}

static size_t place_of(const char *attack) {
    size_t i = 0;
    while (i < kit_attack_count && strcmp(kit_attacks[i].name, attack) != 0) {
        i++;
    }
    ASSERT(i < kit_attack_count);
    return i;
}

void kit_count(struct kit *k, const char *attack, bool is_right) {
    struct kit_results *results = k->results;
    struct cell *cell = &results->cells[place_of(attack) * k->subject_count + (size_t)(k->subject - k->subjects)];
    *(is_right ? &cell->passed : &cell->failed) += 1;
    *(is_right ? &results->passed : &results->failed) += 1;
}

static void print_table(const struct kit *k) {
    const struct kit_results *results = k->results;
    printf("\n%-4s", "");
    for (uint32_t s = 0; s < k->subject_count; s++) {
        printf(" %6u", s + 1);
    }
    printf("\n");
    for (size_t i = 0; i < kit_attack_count; i++) {
        printf("%-4s", kit_attacks[i].name);
        for (uint32_t s = 0; s < k->subject_count; s++) {
            const struct cell *cell = &results->cells[i * k->subject_count + s];
            if (cell->failed) {
                printf(" !%5u", cell->failed);
            } else if (cell->passed) {
                printf(" %6u", cell->passed);
            } else {
                printf(" %6s", "-");
            }
        }
        printf("  %s\n", kit_attacks[i].title);
    }
    printf("\nsubjects:\n");
    for (uint32_t s = 0; s < k->subject_count; s++) {
        printf("%6u  %s\n", s + 1, k->subjects[s].name);
    }
    printf("\na number: checks passed; !: checks failed; -: not applicable\n");
}

static void print_json(const struct kit *k) {
    const struct kit_results *results = k->results;
    const char *comma = "";
    printf("{\"passed\":%u,\"failed\":%u,\"results\":[", results->passed, results->failed);
    for (size_t i = 0; i < kit_attack_count; i++) {
        for (uint32_t s = 0; s < k->subject_count; s++) {
            const struct cell *cell = &results->cells[i * k->subject_count + s];
            printf("%s\n{\"attack\":\"%s\",\"subject\":\"%s\",\"result\":\"%s\",\"passed\":%u,\"failed\":%u}", comma,
                   kit_attacks[i].name, k->subjects[s].name,
                   cell->failed   ? "failed"
                   : cell->passed ? "passed"
                                  : "not applicable",
                   cell->passed, cell->failed);
            comma = ",";
        }
    }
    printf("\n]}\n");
}

int kit_report(struct kit *k) {
    if (k->options.is_json) {
        print_json(k);
    } else {
        print_table(k);
        printf("%u checks passed, %u failed\n", k->results->passed, k->results->failed);
    }
    return k->results->failed || !k->results->passed ? 1 : 0;
}
