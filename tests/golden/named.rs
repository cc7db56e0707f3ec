//! Each golden archive as a test of its own: a case is a folder in
//! `tests/cases`, and a line here.

use std::collections::BTreeSet;

use super::differences;
use crate::support::case::Case;

macro_rules! golden_archives {
    ($($test:ident = $folder:literal;)*) => {
        $(
            #[test]
            fn $test() {
                let found = differences(&Case::read($folder));
                assert!(found.is_empty(), "{}", found.join("\n"));
            }
        )*

        /// Folders that have a test.
        const NAMED: &[&str] = &[$($folder),*];
    };
}

golden_archives! {
    a01_cut_off = "a01-cut-off";
    a01_empty_file = "a01-empty-file";
    a01_no_zip = "a01-no-zip";
    a02_absolute_path = "a02-absolute-path";
    a02_another_method = "a02-another-method";
    a02_bytes_after = "a02-bytes-after";
    a02_bytes_before = "a02-bytes-before";
    a02_climbing_backslash = "a02-climbing-backslash";
    a02_climbing_path = "a02-climbing-path";
    a02_encrypted = "a02-encrypted";
    a02_local_header_unlike_central = "a02-local-header-unlike-central";
    a02_multi_disk = "a02-multi-disk";
    a02_nested_archive = "a02-nested-archive";
    a02_one_entry_fewer_than_the_directory = "a02-one-entry-fewer-than-the-directory";
    a02_one_entry_more_than_the_directory = "a02-one-entry-more-than-the-directory";
    a02_one_file_in_two_folders = "a02-one-file-in-two-folders";
    a02_overlap = "a02-overlap";
    a02_same_name_twice = "a02-same-name-twice";
    a02_symlink = "a02-symlink";
    a02_three_folders_deep = "a02-three-folders-deep";
    a02_two_members_of_one_file = "a02-two-members-of-one-file";
    a02_wrong_crc = "a02-wrong-crc";
    a02_wrong_crc_of_a_skipped_entry = "a02-wrong-crc-of-a-skipped-entry";
    a03_archive_bytes = "a03-archive-bytes";
    a03_entries = "a03-entries";
    a03_inflated_bytes = "a03-inflated-bytes";
    a03_member_bytes = "a03-member-bytes";
    a03_ratio = "a03-ratio";
    a04_1 = "a04-1";
    a04_2 = "a04-2";
    a04_3 = "a04-3";
    a04_4 = "a04-4";
    a04_5 = "a04-5";
    a04_6 = "a04-6";
    a04_7 = "a04-7";
    a04_8 = "a04-8";
    a05_unknown_unit = "a05-unknown-unit";
    a06_impossible_1 = "a06-impossible-1";
    a06_impossible_2 = "a06-impossible-2";
    a06_impossible_3 = "a06-impossible-3";
    a06_impossible_4 = "a06-impossible-4";
    a06_impossible_5 = "a06-impossible-5";
    a06_impossible_6 = "a06-impossible-6";
    a06_in_the_future = "a06-in-the-future";
    a06_in_the_future_be = "a06-in-the-future-be";
    a06_year_2399 = "a06-year-2399";
    a07_both_standards = "a07-both-standards";
    a07_misnamed = "a07-misnamed";
    a07_no_known_member = "a07-no-known-member";
    a07_only_misspelt = "a07-only-misspelt";
    a07_other_standard = "a07-other-standard";
    a07_other_standard_f43 = "a07-other-standard-f43";
    accepted_f21 = "accepted-f21";
    accepted_f43 = "accepted-f43";
    accepted_file_left_out = "accepted-file-left-out";
    accepted_folders_as_entries = "accepted-folders-as-entries";
    accepted_stored_method = "accepted-stored-method";
    accepted_streamed = "accepted-streamed";
    check_broken = "check-broken";
    check_duplicates = "check-duplicates";
    check_knows_no_store = "check-knows-no-store";
    check_links_not_checked = "check-links-not-checked";
    check_of_2559_in_2558 = "check-of-2559-in-2558";
    check_of_2559_in_2559 = "check-of-2559-in-2559";
    code_folded_is_the_same_key = "code-folded-is-the-same-key";
    death_1 = "death-1";
    death_across_archives = "death-across-archives";
    drug_amount = "drug-amount";
    duplicate_across_archives = "duplicate-across-archives";
    duplicate_in_archive = "duplicate-in-archive";
    duplicate_or_rejected = "duplicate-or-rejected";
    duplicate_other_standard = "duplicate-other-standard";
    duplicate_other_standard_back = "duplicate-other-standard-back";
    duplicate_renamed_archive = "duplicate-renamed-archive";
    duplicate_repeated_archive = "duplicate-repeated-archive";
    fail_on_error_clean = "fail-on-error-clean";
    fail_on_error_partial = "fail-on-error-partial";
    fail_on_error_rejected = "fail-on-error-rejected";
    fail_on_error_warning = "fail-on-error-warning";
    fail_on_partial_clean = "fail-on-partial-clean";
    fail_on_partial_partial = "fail-on-partial-partial";
    fail_on_partial_rejected = "fail-on-partial-rejected";
    fail_on_partial_warning = "fail-on-partial-warning";
    fail_on_warning_clean = "fail-on-warning-clean";
    fail_on_warning_partial = "fail-on-warning-partial";
    fail_on_warning_rejected = "fail-on-warning-rejected";
    fail_on_warning_warning = "fail-on-warning-warning";
    findings_cut = "findings-cut";
    findings_cut_duplicates = "findings-cut-duplicates";
    findings_cut_duplicates_in_all = "findings-cut-duplicates-in-all";
    findings_cut_in_all = "findings-cut-in-all";
    findings_just_not_cut = "findings-just-not-cut";
    form_backslash = "form-backslash";
    form_blank_lines = "form-blank-lines";
    form_bom = "form-bom";
    form_crlf = "form-crlf";
    form_crlf_blank_lines = "form-crlf-blank-lines";
    form_folder_two_deep = "form-folder-two-deep";
    form_headerless_address_2_3 = "form-headerless-address-2-3";
    form_headerless_address_2_4 = "form-headerless-address-2-4";
    form_headerless_address_2_4_1 = "form-headerless-address-2-4-1";
    form_headerless_address_2014 = "form-headerless-address-2014";
    form_headerless_f21 = "form-headerless-f21";
    form_headerless_f21_cid = "form-headerless-f21-cid";
    form_headerless_f43_2_3 = "form-headerless-f43-2-3";
    form_headerless_f43_2_4_1 = "form-headerless-f43-2-4-1";
    form_headerless_f43_2014 = "form-headerless-f43-2014";
    form_headerless_service_30 = "form-headerless-service-30";
    form_leftovers = "form-leftovers";
    form_no_data = "form-no-data";
    form_others_skipped = "form-others-skipped";
    form_permuted_header = "form-permuted-header";
    form_quoted_header = "form-quoted-header";
    form_quoted_text = "form-quoted-text";
    form_quotes = "form-quotes";
    form_spaces_and_zeros = "form-spaces-and-zeros";
    form_suffix_name_f43 = "form-suffix-name-f43";
    form_suffix_names = "form-suffix-names";
    form_tis_620 = "form-tis-620";
    form_trailing_delimiter = "form-trailing-delimiter";
    form_unended = "form-unended";
    icd_any_text = "icd-any-text";
    limits_at_their_value = "limits-at-their-value";
    link_broken_person = "link-broken-person";
    link_earlier_archive = "link-earlier-archive";
    link_earlier_round = "link-earlier-round";
    link_none = "link-none";
    link_other_standard = "link-other-standard";
    link_other_unit = "link-other-unit";
    link_rejected_person = "link-rejected-person";
    link_voided_person = "link-voided-person";
    list_installed = "list-installed";
    list_not_installed = "list-not-installed";
    list_not_installed_told = "list-not-installed-told";
    list_with_dots = "list-with-dots";
    m01_after_blank_lines = "m01-after-blank-lines";
    m01_number_of_columns = "m01-number-of-columns";
    m02_breaks_its_partners = "m02-breaks-its-partners";
    m02_several = "m02-several";
    m02_unknown_column = "m02-unknown-column";
    m03_missing_key = "m03-missing-key";
    m03_missing_required = "m03-missing-required";
    m03_several = "m03-several";
    m04_alias_and_name = "m04-alias-and-name";
    m04_column_twice = "m04-column-twice";
    m05_c1_control = "m05-c1-control";
    m05_neither_encoding = "m05-neither-encoding";
    m05_nul_byte = "m05-nul-byte";
    m05_of_a_partner = "m05-of-a-partner";
    m05_of_person = "m05-of-person";
    m06_diag_alone = "m06-diag-alone";
    m06_drug_alone = "m06-drug-alone";
    m06_drug_without_diag = "m06-drug-without-diag";
    m06_empty_drug_needs_nothing = "m06-empty-drug-needs-nothing";
    m06_empty_partner = "m06-empty-partner";
    m06_f43_diagnosis_alone = "m06-f43-diagnosis-alone";
    m06_f43_drug_and_procedure = "m06-f43-drug-and-procedure";
    m06_f43_service_alone = "m06-f43-service-alone";
    m06_no_member_left = "m06-no-member-left";
    m06_proced_without_service = "m06-proced-without-service";
    m06_rejected_rows_are_sent = "m06-rejected-rows-are-sent";
    m06_service_alone = "m06-service-alone";
    m06_test_partner = "m06-test-partner";
    m07_no_file = "m07-no-file";
    m08_configured = "m08-configured";
    m08_long_line = "m08-long-line";
    m08_not_yet = "m08-not-yet";
    name_a_day_ahead = "name-a-day-ahead";
    name_any_case = "name-any-case";
    name_buddhist_era = "name-buddhist-era";
    name_leap_day = "name-leap-day";
    name_year_2400 = "name-year-2400";
    nothing_words_and_digits = "nothing-words-and-digits";
    nothing_words_are_configuration = "nothing-words-are-configuration";
    register_1_round_2556 = "register-1-round-2556";
    register_2_round_2557 = "register-2-round-2557";
    register_3_same_round = "register-3-same-round";
    resend_1_rejected = "resend-1-rejected";
    resend_2_corrected = "resend-2-corrected";
    resend_3_again = "resend-3-again";
    row_buddhist_date = "row-buddhist-date";
    row_counts_once = "row-counts-once";
    row_on_time = "row-on-time";
    row_on_time_configured = "row-on-time-configured";
    row_warning_is_stored = "row-warning-is-stored";
    sender_main_for_sub_unit = "sender-main-for-sub-unit";
    sender_stranger = "sender-stranger";
    sender_sub_unit_for_main = "sender-sub-unit-for-main";
    sender_sub_unit_itself = "sender-sub-unit-itself";
    sender_unknown_unit = "sender-unknown-unit";
    void_frees_keys = "void-frees-keys";
    void_of_a_repetition = "void-of-a-repetition";
}

#[test]
fn every_folder_of_a_case_has_a_test() {
    let folders: BTreeSet<String> = Case::all().into_iter().map(|case| case.name).collect();
    let named: BTreeSet<String> = NAMED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(folders, named);
}
